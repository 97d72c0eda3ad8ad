/** Deciding a round again, on logs of a real dispatch node: what agrees, what does not, and why. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { Rerun } from '../../dispatch/audit/rerun.ts';
import { openDoor } from '../../dispatch/redis/door.ts';
import { Keys } from '../../dispatch/redis/keys.ts';
import { startRedisShardNode } from '../../dispatch/redis/redis-shard-node.ts';
import type { LogRecord } from '../../dispatch/runtime/log-record.ts';
import { projectRoot } from '../../launch/paths.ts';
import { openDatabase } from '../../platform/database.ts';
import { archiveLogs, archiveSnapshots } from '../../services/archive/archiver.ts';
import { AUDIT_EXIT, audit } from '../../services/archive/audit.ts';
import { testConfig } from '../support/config.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { withDatabase } from '../support/database.ts';
import { failOnLeaks } from '../support/leaks.ts';
import { type TestRedis, withRedis } from '../support/redis.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';

const ZONE = zoneConfig(1, { autoAssign: true });
const PATIENT = { timeoutMs: 15_000 };

failOnLeaks();

interface Answer {
  readonly code: number;
  readonly text: string;
  readonly json: Rerun & { verdict: string; changes: string[]; source: string };
}

interface Past {
  readonly redis: TestRedis;
  readonly records: LogRecord[];
  /** The record of a round that assigned something. */
  readonly round: LogRecord;
  ask(atMs: number, env?: Record<string, string>): Promise<Answer>;
  /** Writes the log anew. */
  rewrite(change: (record: LogRecord) => LogRecord | null): Promise<void>;
}

/** A node that has worked and has stopped: three drivers, six deliveries. */
async function past(
  t: TestContext,
  whileOpen?: (url: TestRedis) => Promise<void>,
  snapshotRecords = 100_000,
): Promise<Past> {
  const redis = await withRedis(t);
  const options = { redisUrl: redis.url, keyPrefix: redis.prefix, shards: 1 };
  const node = await startRedisShardNode({
    ...options,
    ...{ node: 'd1', workers: 1, leaseMs: 3_000, snapshotRecords, onProblem: () => {} },
  });
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= node.stop();
    return stopping;
  };
  const door = await openDoor(options);
  try {
    const { id, market, shard, version, currency, timeZone } = ZONE;
    const polygon = { type: 'Polygon', coordinates: [] } as const;
    await door.putZone({ id, market, shard, version, currency, timeZone, polygon, name: 'test' });
    await door.append({ zone: id, command: { type: 'zone.open', config: ZONE } });
    const committed = (seq: number) => waitFor(async () => (await door.logEnd(0)).seq >= seq);
    await committed(1);
    for (let n = 1; n <= 3; n++) {
      const who = profile(n);
      const at = place(0.45 + n / 50, 0.5);
      const deed = { kind: 'duty', duty: 'available', profile: who, at } as const;
      const acted = { driver: who.driver, action: 1, deed, atMs: 0 } as const;
      await door.append({ zone: id, command: { type: 'driver.acted', ...acted } });
    }
    await committed(2);
    for (let n = 1; n <= 6; n++) {
      const nowMs = door.clock.zoneMs();
      const order = request(n, { placedMs: nowMs, readyMs: nowMs, pickup: place(0.5, n / 10) });
      const command = { type: 'delivery.request', number: 1, request: order } as const;
      await door.append({ zone: id, command });
    }
    const all = async () => {
      const entries = await door.readLog(0, { epoch: 0, seq: 0 }, 10_000);
      return entries.map(({ record }) => record);
    };
    const seen: LogRecord[] = [];
    const round = await waitFor(async () => {
      seen.push(...(await all()));
      return seen.find(assigns);
    }, PATIENT);
    // Something later, so that the round is not the log's end.
    const late = request(9, { placedMs: 0, readyMs: door.clock.zoneMs() + 3_000_000 });
    await door.append({
      zone: id,
      command: { type: 'delivery.request', number: 1, request: late },
    });
    await waitFor(async () => ((await all()).at(-1)?.atMs ?? 0) > round.atMs + 1_000, PATIENT);
    await whileOpen?.(redis);
    await stop();
    return { redis, records: await all(), round, ...tools(redis) };
  } finally {
    await stop();
    await door.close();
  }
}

function assigns({ events, inputs }: LogRecord): boolean {
  return events.some(
    ({ event, i }) => event.type === 'delivery.assigned' && inputs[i]?.input.kind === 'round',
  );
}

function tools(redis: TestRedis): Pick<Past, 'ask' | 'rewrite'> {
  return {
    async ask(atMs, env = {}) {
      const stores = { REDIS_URL: redis.url, WAGGLE_KEY_PREFIX: redis.prefix, ...env };
      let text = '';
      const argv = ['--zone', ZONE.id, '--at', new Date(atMs).toISOString(), '--json'];
      const code = await audit(argv, stores, (line) => {
        text += line;
      });
      return { code, text, json: text.startsWith('{') ? JSON.parse(text) : {} };
    },
    async rewrite(change) {
      const client = redis.connect();
      const key = new Keys(redis.prefix).log(0);
      const entries = await client.xrange(key, '-', '+');
      await client.del(key);
      for (const [id, [, text = '', ...rest]] of entries) {
        const record = change(JSON.parse(text));
        if (record) await client.xadd(key, id, 'r', JSON.stringify(record), ...rest);
      }
    },
  };
}

/** Every key of the corner of Redis with its contents. */
async function contents(redis: TestRedis): Promise<string> {
  const client = redis.connect();
  const keys = (await client.keys(`${redis.prefix}*`)).toSorted();
  const dumps = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
  return keys.map((key, n) => `${key} ${dumps[n]?.toString('base64')}`).join('\n');
}

function changeEvent(
  record: LogRecord,
  type: ZoneEvent['type'],
  change: (event: never) => ZoneEvent,
): LogRecord {
  let done = false;
  const events = record.events.map((placed) => {
    if (done || placed.event.type !== type) return placed;
    done = true;
    return { ...placed, event: change(placed.event as never) };
  });
  assert.ok(done, `no ${type} to change`);
  return { ...record, events };
}

const isRound = (round: LogRecord) => (record: LogRecord) => record.seq === round.seq;

test('a store that does not answer is named', async () => {
  let text = '';
  const argv = ['--zone', ZONE.id, '--at', '1000'];
  const code = await audit(argv, { REDIS_URL: 'redis://127.0.0.1:1' }, (line) => {
    text += line;
  });
  assert.equal(code, AUDIT_EXIT.usage);
  assert.match(text, /Redis at REDIS_URL does not answer/);
});

test('a round decided again gives the recorded answer, while the node works, and nothing is written', async (t) => {
  let live: Answer | undefined;
  const { redis, round, ask, records } = await past(t, async (at) => {
    const { ask: askLive } = tools(at);
    const client = at.connect();
    const entries = await client.xrange(new Keys(at.prefix).log(0), '-', '+');
    const record = entries.map(([, [, text = '']]) => JSON.parse(text) as LogRecord).find(assigns);
    live = await askLive(record?.atMs ?? 0);
  });
  assert.equal(live?.code, AUDIT_EXIT.same, live?.text);
  const before = await contents(redis);
  const { code, json, text } = await ask(round.atMs);
  assert.equal(code, AUDIT_EXIT.same, text);
  assert.equal(json.verdict, 'same');
  assert.deepEqual(json.decided, json.recorded);
  assert.ok(json.decided.some(({ type }) => type === 'round.explained'));
  assert.equal(json.engine.recorded, json.engine.here);
  assert.deepEqual(json.weights, { recorded: 1, here: 1 });
  assert.equal(await contents(redis), before, 'an audit writes nothing');
  // Every round of the log agrees, from the first to the last.
  for (const record of records) {
    if (!record.inputs.some(({ input }) => input.kind === 'round')) continue;
    if (record.seq === records.at(-1)?.seq) continue;
    const answer = await ask(record.atMs);
    assert.equal(answer.code, AUDIT_EXIT.same, answer.text);
  }
});

test('the command prints a table and ends with the code', async (t) => {
  const { redis, round } = await past(t);
  const env = { ...process.env, REDIS_URL: redis.url, WAGGLE_KEY_PREFIX: redis.prefix };
  const run = async (...args: string[]) => {
    const program = join(projectRoot, 'launch', 'audit.ts');
    const child = spawn(process.execPath, [program, ...args], { env });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const code = await new Promise((resolve) => child.on('exit', resolve));
    return { code, text };
  };
  const shown = await run('--zone', ZONE.id, '--at', String(round.atMs));
  assert.equal(shown.code, AUDIT_EXIT.same, shown.text);
  assert.match(shown.text, /driver +cost s +more s +alone s +pickup +door +drive s/);
  assert.match(shown.text, /> +drv_/);
  assert.match(shown.text, /the same answer as recorded/);
  assert.equal((await run('--zone', ZONE.id)).code, AUDIT_EXIT.usage);
});

test('a changed event is found, in the round and before it', async (t) => {
  const { round, ask, rewrite } = await past(t);
  const bogus = profile(7).driver;
  await rewrite((record) =>
    isRound(round)(record)
      ? changeEvent(record, 'round.explained', (event: { drivers: string[] }) => {
          return { ...event, drivers: [bogus, ...event.drivers.slice(1)] } as never;
        })
      : record,
  );
  const explained = await ask(round.atMs);
  assert.equal(explained.code, AUDIT_EXIT.differs, explained.text);
  assert.match(explained.json.differences[0]?.what ?? '', /of input \d+ \(round\)/);
  assert.match(JSON.stringify(explained.json.differences[0]?.recorded), new RegExp(bogus));
  await rewrite((record) => (isRound(round)(record) ? round : record));
  assert.equal((await ask(round.atMs)).code, AUDIT_EXIT.same);
  await rewrite((record) =>
    record.events.some(({ event }) => event.type === 'driver.joined') && record.seq < round.seq
      ? changeEvent(record, 'driver.joined', (event: { profile: object }) => {
          const capacity = { parcels: 0, volumeMl: 0, weightG: 0 };
          return { ...event, profile: { ...event.profile, capacity } } as never;
        })
      : record,
  );
  const earlier = await ask(round.atMs);
  assert.equal(earlier.code, AUDIT_EXIT.differs, earlier.text);
});

test('another engine and other weights are said, and judged only when the answer is another', async (t) => {
  const { round, ask, rewrite } = await past(t);
  const byOther = { ...round, engine: 'another', weights: { [ZONE.id]: 8 } };
  await rewrite((record) => (isRound(round)(record) ? byOther : record));
  const same = await ask(round.atMs);
  assert.equal(same.code, AUDIT_EXIT.same, same.text);
  assert.equal(same.json.engine.recorded, 'another');
  assert.match(
    same.json.changes.join(),
    /engine another decided it.*weights version 8 then, 1 here/,
  );
  const changed = changeEvent(byOther, 'round.done', (event: object) => {
    return { ...event, considered: 99 } as never;
  });
  await rewrite((record) => (isRound(round)(record) ? changed : record));
  const other = await ask(round.atMs);
  assert.equal(other.code, AUDIT_EXIT.notComparable, other.text);
  assert.equal(other.json.verdict, 'not_comparable');
});

test('a log that no longer reaches back says so, and the archive takes over where there is one', async (t) => {
  const database = await withDatabase(t);
  const config = testConfig({ database });
  const archive = openDatabase('archive', config.database.archive);
  cleanUpInReverse(t, () => archive.close());
  const { round, ask, rewrite } = await past(t, async (redis) => {
    const options = { redisUrl: redis.url, keyPrefix: redis.prefix, shards: 1 };
    const door = await openDoor(options);
    const deps = { database: archive, door, nowMs: () => Date.now() };
    await archiveLogs(deps);
    await archiveSnapshots(deps);
    await door.close();
  });
  await rewrite((record) => (record.seq <= round.seq ? null : record));
  const trimmed = await ask(round.atMs);
  assert.equal(trimmed.code, AUDIT_EXIT.noRound);
  assert.match(trimmed.text, /does not reach back there|nothing is kept/);
  assert.match(trimmed.text, /no archive is configured/);
  const kept = await ask(round.atMs, { DATABASE_URL: config.database.archive.url });
  assert.equal(kept.code, AUDIT_EXIT.same, kept.text);
  assert.equal(kept.json.source, 'the archive');
});

test('a hole in what is kept is told, not guessed over', async (t) => {
  const { round, ask, rewrite } = await past(t);
  await rewrite((record) => (record.seq === round.seq - 1 ? null : record));
  const answer = await ask(round.atMs);
  assert.equal(answer.code, AUDIT_EXIT.noRound);
  assert.match(answer.text, /cannot be rebuilt: record \d+ does not follow/);
});

test('a round is decided again from a snapshot, which must be whole', async (t) => {
  const keepOn = async ({ url, prefix }: TestRedis) => {
    const door = await openDoor({ redisUrl: url, keyPrefix: prefix, shards: 1 });
    for (let n = 20; n < 32; n++) {
      const before = await door.logEnd(0);
      const order = request(n, { placedMs: 0, readyMs: door.clock.zoneMs() });
      const command = { type: 'delivery.request', number: 1, request: order } as const;
      await door.append({ zone: ZONE.id, command });
      await waitFor(async () => (await door.logEnd(0)).seq > before.seq + 1, PATIENT);
    }
    await door.close();
  };
  const { redis, records, ask } = await past(t, keepOn, 6);
  const client = redis.connect();
  const pointer = await client.hget(new Keys(redis.prefix).snapshot(0), 'older');
  const { position } = JSON.parse(pointer ?? '{}') as { position: { epoch: number; seq: number } };
  const rounds = records.filter(
    ({ seq, inputs }) =>
      seq > position.seq + 1 &&
      seq < (records.at(-1)?.seq ?? 0) &&
      inputs.some(({ input }) => input.kind === 'round'),
  );
  const [round] = rounds;
  assert.ok(round);
  for (const { atMs } of rounds) assert.equal((await ask(atMs)).code, AUDIT_EXIT.same);
  const chunks = await client.keys(`${new Keys(redis.prefix).snapshot(0)}:*`);
  for (const key of chunks) await client.hset(key, '0', '{"shard":0,"version":1,"x":1}');
  const broken = await ask(round.atMs);
  assert.equal(broken.code, AUDIT_EXIT.noRound);
  assert.match(broken.text, /cannot be rebuilt: the chunks do not have the recorded hash/);
});

test('times without a round, unknown zones and bad input are refused with what to do', async (t) => {
  const { redis, records, ask } = await past(t);
  const [first, last] = [records[0], records.at(-1)];
  assert.ok(first && last);
  const early = await ask(first.atMs - 60_000);
  assert.equal(early.code, AUDIT_EXIT.noRound);
  assert.match(early.text, /had not decided a round yet/);
  const late = await ask(last.atMs + 60_000);
  assert.equal(late.code, AUDIT_EXIT.noRound);
  assert.match(late.text, /the log ends at .*nothing later is decided yet/);
  const stores = { REDIS_URL: redis.url, WAGGLE_KEY_PREFIX: redis.prefix };
  const refused = async (argv: readonly string[], env: Record<string, string> = stores) => {
    let text = '';
    const code = await audit(argv, env, (line) => {
      text += line;
    });
    assert.equal(code, AUDIT_EXIT.usage, text);
    return text;
  };
  const at = ['--at', String(last.atMs)];
  assert.match(await refused(['--zone', zoneConfig(9).id, ...at]), /there is no zone/);
  assert.match(await refused(['--zone', 'Mitte', ...at]), /expected the id of a zone/);
  assert.match(await refused(['--zone', ZONE.id, '--at', 'noon']), /expected zone time/);
  assert.match(await refused(['--zone', ZONE.id]), /usage/);
  assert.match(await refused(['--zone', ZONE.id, ...at, '--fast']), /--fast.*usage/);
  assert.match(await refused(['--zone', ZONE.id, ...at], {}), /REDIS_URL is not set/);
});
