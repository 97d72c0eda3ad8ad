/** Two hosts of one shard on a real Redis with the real core: death, stalls, restarts of the client. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ZoneCommand } from '../../contracts/commands.ts';
import type { Shard, ShardCopy } from '../../dispatch/core/index.ts';
import { openRedisRuntime } from '../../dispatch/redis/redis-runtime.ts';
import { coreEngine } from '../../dispatch/runtime/core-engine.ts';
import type { LogRecord } from '../../dispatch/runtime/log-record.ts';
import type { RuntimePorts } from '../../dispatch/runtime/ports.ts';
import { ShardHost } from '../../dispatch/runtime/shard-host.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { failOnLeaks } from '../support/leaks.ts';
import { withRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

const LEASE_MS = 1_200;
const ZONE = zoneConfig(1);

failOnLeaks();

type Host = ShardHost<Shard, ShardCopy>;

async function portsFor(t: TestContext, count: number): Promise<RuntimePorts[]> {
  const redis = await withRedis(t);
  const all: RuntimePorts[] = [];
  for (let i = 0; i < count; i++) {
    const runtime = await openRedisRuntime({ redisUrl: redis.url, keyPrefix: redis.prefix });
    t.after(() => runtime.close());
    all.push(runtime.ports);
  }
  return all;
}

function hostOn(ports: RuntimePorts, owner: string): Host {
  return new ShardHost({
    ...{ shard: 0, owner, engine: coreEngine, ports },
    report: () => {},
    leaseMs: LEASE_MS,
    snapshotRecords: 20,
  });
}

async function append(ports: RuntimePorts, ...commands: ZoneCommand[]): Promise<void> {
  const envelopes = commands.map((command) => ({ zone: ZONE.id, command }));
  await ports.mailbox.append(0, envelopes);
}

async function readAll(ports: RuntimePorts): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (;;) {
    const last = records.at(-1);
    const after = last ? { epoch: last.epoch, seq: last.seq } : { epoch: 0, seq: 0 };
    const page = await ports.log.read(0, after, 500);
    if (page.length === 0) return records;
    records.push(...page);
  }
}

const countEvents = (records: readonly LogRecord[], type: string): number =>
  records.flatMap((record) => record.events).filter(({ event }) => event.type === type).length;

function joinCommands(count: number): ZoneCommand[] {
  return Array.from({ length: count }, (_, i) => ({
    type: 'driver.acted',
    driver: profile(i + 1).driver,
    action: 1,
    deed: {
      kind: 'duty',
      duty: 'available',
      profile: profile(i + 1),
      at: place(0.4 + i / 200, 0.5),
    },
    atMs: 1,
  }));
}

function requestCommands(from: number, to: number, nowMs: number): ZoneCommand[] {
  return Array.from({ length: to - from }, (_, i) => {
    const order = request(from + i, { placedMs: nowMs, readyMs: nowMs });
    return { type: 'delivery.request', number: 1, request: order };
  });
}

test('an owner that dies without a word is followed within its lease, with equal state and nothing twice', async (t) => {
  const [portsA, portsB] = await portsFor(t, 2);
  assert.ok(portsA && portsB);
  const first = hostOn(portsA, 'a');
  const running = first.run();
  await append(portsA, { type: 'zone.open', config: ZONE }, ...joinCommands(20));
  // The log is read whole at the end: nothing may be trimmed before.
  await portsA.log.setConsumer(0, 'test', { epoch: 0, seq: 0 });
  const nowMs = portsA.clock.zoneMs();
  for (let i = 0; i < 30; i++) {
    await append(portsA, ...requestCommands(100 + 2 * i, 102 + 2 * i, nowMs));
  }
  await waitFor(async () => countEvents(await readAll(portsA), 'delivery.requested') === 60);
  await first.abandon();
  await running;
  assert.ok(first.mode === 'stopped');
  const end = await portsB.log.last(0);
  const second = hostOn(portsB, 'b');
  const startedMs = performance.now();
  const second_ = second.run();
  // Repeats of everything, and something new, wait in the mailbox meanwhile.
  await append(portsB, ...requestCommands(100, 160, nowMs), ...requestCommands(200, 210, nowMs));
  await waitFor(async () => countEvents(await readAll(portsB), 'delivery.requested') === 70);
  assert.ok(performance.now() - startedMs < LEASE_MS + 1_500);
  assert.ok(second.takeoverMs !== null && second.takeoverMs <= LEASE_MS + 1_000);
  second.stop();
  await second_;
  const records = await readAll(portsB);
  const opening = records.find((record) => record.epoch > end.epoch);
  assert.deepEqual(opening?.predecessor, end);
  assert.ok((opening?.gapMs ?? 0) > 0);
  const third = hostOn(portsA, 'c');
  while (third.mode !== 'running') await third.advance();
  const replayed = coreEngine.create(0);
  for (const { events, atMs } of await readAll(portsA)) {
    for (const { zone, event } of events) coreEngine.apply(replayed, zone, event, atMs);
  }
  assert.ok(third.tenure);
  assert.equal(coreEngine.hash(third.tenure.shard), coreEngine.hash(replayed));
  assert.deepEqual(coreEngine.check(third.tenure.shard), []);
  await third.letGo();
});

test('an owner that stood still longer than its lease cannot write any more, and serves again later', async (t) => {
  const [portsA, portsB] = await portsFor(t, 2);
  assert.ok(portsA && portsB);
  const first = hostOn(portsA, 'a');
  await append(portsA, { type: 'zone.open', config: ZONE });
  await waitFor(async () => {
    await first.advance();
    return (await portsA.log.last(0)).seq === 1;
  });
  // It stands still: nobody calls it. The other takes over as soon as the lease is out.
  const second = hostOn(portsB, 'b');
  const running = second.run();
  await waitFor(() => second.mode === 'running');
  await append(portsB, ...joinCommands(1));
  await waitFor(async () => (await portsB.log.last(0)).seq === 2);
  const fence = { shard: 0, nonce: 'a guess', epoch: first.epoch };
  const late = await portsA.log.commit(fence, {
    ...(await readAll(portsA))[0],
    seq: 3,
  } as LogRecord);
  assert.equal(late.outcome, 'lost_lease');
  await first.advance();
  assert.equal(first.mode, 'off');
  assert.equal((await portsB.log.last(0)).epoch, second.epoch);
  second.stop();
  await running;
  await waitFor(async () => {
    await first.advance();
    return first.mode === 'running';
  });
  await first.letGo();
});

test('a graceful hand-over takes well under a second and needs no lease to run out', async (t) => {
  const [portsA, portsB] = await portsFor(t, 2);
  assert.ok(portsA && portsB);
  const first = hostOn(portsA, 'a');
  const firstRun = first.run();
  await append(portsA, { type: 'zone.open', config: ZONE }, ...joinCommands(50));
  await waitFor(async () => (await portsA.log.last(0)).seq > 0);
  const second = hostOn(portsB, 'b');
  const secondRun = second.run();
  first.stop();
  await firstRun;
  second.nudge();
  await waitFor(() => second.mode === 'running');
  assert.ok(second.takeoverMs !== null && second.takeoverMs < 900);
  second.stop();
  await secondRun;
});
