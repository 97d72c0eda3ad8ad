/** The archive on a real engine and database: what is kept gives the same state back, and is forgotten. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Door, LogEntry, LogRecord } from '../../dispatch/redis/door.ts';
import { openDoor } from '../../dispatch/redis/door.ts';
import { startRedisShardNode } from '../../dispatch/redis/redis-shard-node.ts';
import { coreEngine } from '../../dispatch/runtime/core-engine.ts';
import { applyRecord } from '../../dispatch/runtime/restore.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import {
  ARCHIVE_NAME,
  type ArchiveDeps,
  type ArchiveReader,
  archiveLogs,
  archiveReader,
  archiveSnapshots,
  forget,
} from '../../services/archive/archiver.ts';
import { testConfig } from '../support/config.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { withDatabase } from '../support/database.ts';
import { failOnLeaks } from '../support/leaks.ts';
import { withRedis } from '../support/redis.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';

const ZONE = zoneConfig(1);
const DAY_MS = 86_400_000;

failOnLeaks();

async function archiveDatabase(t: TestContext): Promise<Database> {
  const config = testConfig({ database: await withDatabase(t) });
  const database = openDatabase('archive', config.database.archive);
  cleanUpInReverse(t, () => database.close());
  return database;
}

async function everything(reader: ArchiveReader, after = { epoch: 0, seq: 0 }) {
  const records: LogRecord[] = [];
  for (let from = after; ; ) {
    const page = await reader.read(0, from);
    const last = page.at(-1);
    if (!last) return records;
    records.push(...page);
    from = { epoch: last.epoch, seq: last.seq };
  }
}

test('what is kept gives the state back that the engine has come to', async (t) => {
  const database = await archiveDatabase(t);
  const redis = await withRedis(t);
  const options = { redisUrl: redis.url, keyPrefix: redis.prefix, shards: 1 };
  const node = await startRedisShardNode({
    ...options,
    ...{ node: 'd1', workers: 1, leaseMs: 3_000, snapshotRecords: 5, onProblem: () => {} },
  });
  let stopped = false;
  const stop = async () => {
    if (!stopped) await node.stop();
    stopped = true;
  };
  t.after(stop);
  const door = await openDoor(options);
  t.after(() => door.close());
  const { id, market, shard, version, currency, timeZone } = ZONE;
  const polygon = { type: 'Polygon', coordinates: [] } as const;
  await door.putZone({ id, market, shard, version, currency, timeZone, polygon, name: 'test' });
  let nowMs = Date.now();
  const deps: ArchiveDeps = { database, door, nowMs: () => nowMs };
  const reader = archiveReader(database);

  await door.append({ zone: ZONE.id, command: { type: 'zone.open', config: ZONE } });
  const { driver } = profile(1);
  const join = {
    kind: 'duty',
    duty: 'available',
    profile: profile(1),
    at: place(0.5, 0.5),
  } as const;
  const atMs = door.clock.zoneMs();
  const command = { type: 'driver.acted', driver, action: 1, deed: join, atMs } as const;
  await door.append({ zone: ZONE.id, command });
  await archiveLogs(deps);
  for (let n = 1; n <= 8; n++) {
    const order = request(n, { placedMs: atMs, readyMs: atMs });
    const before = (await door.logEnd(0)).seq;
    await door.append({
      zone: ZONE.id,
      command: { type: 'delivery.request', number: 1, request: order },
    });
    await waitFor(async () => (await door.logEnd(0)).seq > before);
  }
  await waitFor(async () => (await door.snapshots(0)).length > 0);
  await archiveSnapshots(deps);
  await stop();
  while (await archiveLogs(deps));
  assert.deepEqual(await door.consumer(0, ARCHIVE_NAME), await door.logEnd(0));

  const records = await everything(reader);
  assert.deepEqual(
    records.map(({ seq }) => seq),
    records.map((_, n) => n + 1),
  );
  const fromStart = coreEngine.create(0);
  for (const record of records) applyRecord(coreEngine, fromStart, record);
  const [meta] = await reader.generations(0);
  assert.ok(meta && meta.position.seq > 0);
  const chunks: string[] = [];
  for (let n = 0; n < meta.chunks; n++) {
    chunks.push((await reader.readChunk(0, meta.position, n)) ?? '');
  }
  const fromSnapshot = coreEngine.decode(chunks);
  for (const record of await everything(reader, meta.position)) {
    applyRecord(coreEngine, fromSnapshot, record);
  }
  assert.equal(coreEngine.hash(fromSnapshot), coreEngine.hash(fromStart));
  assert.equal(coreEngine.stats(fromSnapshot, ZONE.id, atMs).open > 0, true);

  nowMs += 2 * DAY_MS;
  await forget(deps, 3);
  assert.equal((await everything(reader)).length, records.length);
  await forget(deps, 1);
  assert.deepEqual(await everything(reader), []);
  assert.deepEqual(await reader.generations(0), []);
});

test('records that the log has lost are not kept', async (t) => {
  const database = await archiveDatabase(t);
  let entries: LogEntry[] = [];
  const append = (epoch: number, seq: number, more: Partial<LogRecord> = {}) => {
    const common = {
      v: 1,
      atMs: seq,
      cursor: '0-0',
      inputs: [],
      events: [],
      weights: {},
      flags: [],
    };
    const record = { ...common, epoch, seq, ...more } as LogRecord;
    entries.push({ position: { epoch, seq }, record });
  };
  const door: Partial<Door> = {
    shards: 1,
    readLog: async (_shard, { epoch, seq }) =>
      entries.filter(
        ({ position }) =>
          position.epoch > epoch || (position.epoch === epoch && position.seq > seq),
      ),
    setConsumer: async () => {},
  };
  const deps: ArchiveDeps = { database, door: door as Door, nowMs: () => 1 };
  for (const seq of [1, 2, 3]) append(1, seq);
  await archiveLogs(deps);
  append(1, 4);
  await archiveLogs(deps);
  // The store failed over and came back without the records 3 and 4.
  entries = entries.slice(0, 2);
  append(2, 3, { predecessor: { epoch: 1, seq: 2 } });
  await archiveLogs(deps);
  const kept = await everything(archiveReader(database));
  assert.deepEqual(
    kept.map(({ epoch, seq }) => [epoch, seq]),
    [
      [1, 1],
      [1, 2],
      [2, 3],
    ],
  );
  await archiveLogs(deps);
  assert.equal((await everything(archiveReader(database))).length, 3);
});
