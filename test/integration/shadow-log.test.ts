/** A zone on a real Redis with a shadow and without: its log is the same, and the shadow only reads. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { ZoneCommand } from '../../contracts/commands.ts';
import type { ShadowReport } from '../../contracts/shadow.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';
import type { Shard, ShardCopy } from '../../dispatch/core/index.ts';
import { ManualClock } from '../../dispatch/memory/manual-clock.ts';
import { Keys } from '../../dispatch/redis/keys.ts';
import { openRedisRuntime } from '../../dispatch/redis/redis-runtime.ts';
import { coreEngine } from '../../dispatch/runtime/core-engine.ts';
import type { LogRecord } from '../../dispatch/runtime/log-record.ts';
import type { RuntimePorts } from '../../dispatch/runtime/ports.ts';
import { ShardHost } from '../../dispatch/runtime/shard-host.ts';
import { ShadowCrew } from '../../dispatch/shadow/shadow-crew.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { failOnLeaks } from '../support/leaks.ts';
import { type TestRedis, withRedis } from '../support/redis.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { shadowWith } from '../support/shadow-log.ts';
import { waitFor } from '../support/wait-for.ts';

failOnLeaks();

const ZONE = zoneConfig(1, { autoAssign: true });
const DRIVERS = 8;
const START_MS = 1_000_000;

interface Live {
  readonly redis: TestRedis;
  readonly ports: RuntimePorts;
  readonly clock: ManualClock;
  readonly host: ShardHost<Shard, ShardCopy>;
}

async function startLive(t: TestContext): Promise<Live> {
  const redis = await withRedis(t);
  const runtime = await openRedisRuntime({ redisUrl: redis.url, keyPrefix: redis.prefix });
  const clock = new ManualClock(START_MS);
  const ports = { ...runtime.ports, clock };
  const host = new ShardHost({
    ...{ shard: 0, owner: 'live', engine: coreEngine, ports, report: () => {} },
    leaseMs: 3_600_000,
  });
  cleanUpInReverse(t, async () => {
    await host.letGo();
    runtime.close();
  });
  return { redis, ports, clock, host };
}

/** Appends at once; when all of it has arrived, a second passes and the host takes it in. */
async function tell({ ports, host, clock }: Live, commands: readonly ZoneCommand[]): Promise<void> {
  await waitFor(async () => host.tenure !== null || (await host.advance()));
  const envelopes = commands.map((command) => ({ zone: ZONE.id, command }));
  if (envelopes.length > 0) await ports.mailbox.append(0, envelopes);
  await waitFor(() => host.tenure?.lag === commands.length);
  clock.advance(1_000);
  while (await host.advance());
}

function joining(): ZoneCommand[] {
  return Array.from({ length: DRIVERS }, (_, n) => {
    const who = profile(n + 1);
    const at = place(0.3 + n * 0.05, 0.5);
    const deed = { kind: 'duty', duty: 'available', profile: who, at } as const;
    return { type: 'driver.acted', driver: who.driver, action: 1, deed, atMs: START_MS };
  });
}

/** What happens in a second: now and then a request, and one driver does what is next in its plan. */
function happening({ host, clock }: Live, second: number): ZoneCommand[] {
  const commands: ZoneCommand[] = [];
  const nowMs = clock.zoneMs();
  if (second % 3 === 0) {
    const pickup = place(0.35 + (second % 5) * 0.06, 0.45);
    const dropoff = place(0.3 + (second % 7) * 0.05, 0.55);
    const wanted = request(second, { placedMs: nowMs, readyMs: nowMs + 60_000, pickup, dropoff });
    commands.push({ type: 'delivery.request', number: 1, request: wanted });
  }
  const { driver } = profile((second % DRIVERS) + 1);
  const known = host.tenure?.shard.zones.get(ZONE.id)?.driver(driver);
  const stop = known?.plan.stops[0];
  if (known && stop) {
    const kind = stop.kind === 'pickup' ? 'picked_up' : 'delivered';
    const deed = { kind, delivery: stop.delivery } as const;
    const action = known.lastAction + 1;
    commands.push({ type: 'driver.acted', driver, action, deed, atMs: nowMs });
  }
  return commands;
}

async function live(all: Live, config: ZoneConfig, from: number, to: number): Promise<void> {
  if (from === 0) await tell(all, [{ type: 'zone.open', config }, ...joining()]);
  for (let second = from; second < to; second++) {
    await tell(all, happening(all, second));
  }
}

/** The log without what hangs on the time of Redis, and without the shadow in the configuration. */
async function logOf({ ports }: Live): Promise<string[]> {
  const records: LogRecord[] = [];
  for (;;) {
    const last = records.at(-1);
    const after = last ? { epoch: last.epoch, seq: last.seq } : { epoch: 0, seq: 0 };
    const page = await ports.log.read(0, after, 500);
    if (page.length === 0) break;
    records.push(...page);
  }
  return records.map(({ atMs, inputs, events, weights }) => {
    const given = inputs.map(({ input }) => input);
    return JSON.stringify({ atMs, given, events, weights }, (key, value: unknown) =>
      key === 'shadow' ? undefined : value,
    );
  });
}

/** A user of the store who may read everything, and write nothing but shadows' reports. */
async function readerUrl(t: TestContext, { url, prefix, connect }: TestRedis): Promise<string> {
  const admin = connect();
  const name = `reader-${randomBytes(6).toString('hex')}`;
  const rules = [`~${prefix}*`, '+@read', '+@connection', '+info', `(~${prefix}shadow:* +set)`];
  await admin.call('ACL', ['SETUSER', name, 'on', '>secret', 'resetchannels', ...rules]);
  cleanUpInReverse(t, async () => {
    await admin.call('ACL', ['DELUSER', name]);
  });
  const at = new URL(url);
  [at.username, at.password] = [name, 'secret'];
  return at.toString();
}

function crewOn(
  t: TestContext,
  redisUrl: string,
  keyPrefix: string,
  problems: string[],
): ShadowCrew {
  const crew = new ShadowCrew({
    ...{ node: 'test', redisUrl, keyPrefix },
    wanted: () => [{ zone: ZONE.id, shard: 0 }],
    onProblem: (problem, error) => problems.push(`${problem}: ${String(error)}`),
  });
  cleanUpInReverse(t, () => crew.stop());
  return crew;
}

test('the log is the same with a shadow that may only read, followed or killed, as without', async (t) => {
  const plain = await startLive(t);
  await live(plain, ZONE, 0, 90);

  const shadowed = await startLive(t);
  const { redis } = shadowed;
  const config = { ...ZONE, shadow: shadowWith({ delayPerMille: 50, travelPerMille: 500 }) };
  const url = await readerUrl(t, redis);
  const problems: string[] = [];
  const admin = redis.connect();
  const key = new Keys(redis.prefix).shadowReport(ZONE.id);
  const caughtUp = (roundsMin: number) =>
    waitFor(
      async () => {
        const report = JSON.parse((await admin.get(key)) ?? 'null') as ShadowReport | null;
        const rounds = report?.predicted?.rounds ?? 0;
        return report && rounds >= roundsMin && report.following.lagRecords === 0 && report;
      },
      // On a busy machine a thread of the lowest priority may have to wait.
      { timeoutMs: 120_000, what: `a report; problems: ${problems.join('; ')}` },
    );
  const crew = crewOn(t, url, redis.prefix, problems);
  await live(shadowed, config, 0, 1);
  await caughtUp(0);
  await live(shadowed, config, 1, 45);
  const last = await caughtUp(1);
  assert.deepEqual([last.versions.live, last.versions.shadow], [1, 2]);
  assert.ok(last.simulated, 'the copies live');
  const { worker } = crew as unknown as { readonly worker: Worker };
  await worker.terminate();
  await admin.del(key);
  await live(shadowed, config, 45, 60);
  await caughtUp(0);
  await live(shadowed, config, 60, 90);
  const again = await caughtUp(1);
  assert.ok((again.simulated?.real.requested ?? 0) > 0);

  assert.deepEqual(problems, ['the shadow thread ended: it is started again']);
  const [expected, got] = [await logOf(plain), await logOf(shadowed)];
  assert.ok(expected.length > 60, String(expected.length));
  expected.forEach((record, n) => {
    assert.ok(record === got[n], `record ${n}: ${got[n]?.slice(0, 400)}`);
  });
  assert.equal(got.length, expected.length);
  const consumers = await shadowed.ports.log.consumers(0);
  assert.deepEqual([...consumers.keys()], [], 'nothing is kept in the log for it');
  const denied = (await admin.call('ACL', ['LOG'])) as unknown[];
  const [name] = [new URL(url).username];
  assert.ok(!JSON.stringify(denied).includes(name), 'it never tried to write');
});
