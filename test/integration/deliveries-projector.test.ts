/** The projector on a real database and a scripted log: once, in order, and back when the log loses its end. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import { type DeliveryId, type DriverId, newId } from '../../contracts/ids.ts';
import type { DeliveryProblem } from '../../contracts/problems.ts';
import type { Door, LogEntry, LogPosition, LogRecord } from '../../dispatch/redis/door.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { insertCommands, insertDeliveries } from '../../services/deliveries/creation-queries.ts';
import { forgetExceptions } from '../../services/deliveries/exceptions/exception-queries.ts';
import {
  forgetDecisions,
  listDecisions,
} from '../../services/deliveries/projector/decision-rows.ts';
import { startProjector } from '../../services/deliveries/projector/projector.ts';
import * as queries from '../../services/deliveries/queries.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { outboxEvents } from '../support/outbox.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';

const zone = newId('zone');
const ada = newId('driver');
const bob = newId('driver');
const place = { latE7: 1, lonE7: 2, cell: 3 };

/** One shard's log that the test writes; readers get what is after their position. */
class ScriptedLog {
  entries: LogEntry[] = [];
  registered: LogPosition | undefined;

  append(epoch: number, seq: number, events: readonly ZoneEvent[], more: Partial<LogRecord> = {}) {
    const record: LogRecord = {
      v: 1,
      epoch,
      seq,
      atMs: 10_000 + seq * 1_000,
      cursor: '0-0',
      inputs: [],
      events: events.map((event) => ({ zone, event, i: 0 })),
      weights: {},
      flags: [],
      ...more,
    };
    this.entries.push({ position: { epoch, seq }, record });
  }

  door(): Door {
    const partial: Partial<Door> = {
      shards: 1,
      clock: {
        speed: 1,
        hostMs: () => 0,
        zoneMs: () => 0,
        zoneMsAt: (ms) => ms,
        hostMsAt: (ms) => ms,
      },
      waitLogs: async (after) => {
        const from = after.get(0) ?? { epoch: 0, seq: 0 };
        const news = this.entries.filter(
          ({ position: { epoch, seq } }) =>
            epoch > from.epoch || (epoch === from.epoch && seq > from.seq),
        );
        if (news.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        return new Map(news.length === 0 ? [] : [[0, news.slice(0, 2)]]);
      },
      setConsumer: async (_shard, _name, position) => {
        this.registered = position;
      },
    };
    return partial as Door;
  }
}

interface Bench {
  readonly database: Database;
  readonly log: ScriptedLog;
  readonly id: DeliveryId;
  readonly anomalies: string[];
  readonly requested: ZoneEvent;
  follow(): void;
  reached(epoch: number, seq: number): Promise<void>;
  row(): Promise<Record<string, unknown>>;
}

async function bench(t: TestContext): Promise<Bench> {
  const config = testConfig({ database: await withDatabase(t) });
  const database = openDatabase('deliveries', config.database.deliveries);
  cleanUpInReverse(t, () => database.close());
  const id = newId('delivery');
  const account = newId('account');
  const request = {
    ...{ id, account, pickup: place, dropoff: place, placedMs: 1_000, readyMs: 2_000 },
    readySource: 'promised',
    load: { parcels: 1, volumeMl: 1, weightG: 1 },
    ifUndeliverable: 'return',
  } as const;
  await database.transaction(async (trx) => {
    await insertDeliveries(trx, [
      {
        ...{ id, account, external_id: 'x', customer: null, zone, shard: 0, request },
        ...{ pickup_name: null, pickup_note: null, dropoff_note: null },
        ...{ placed_ms: 1_000, ready_ms: 2_000, state: 'pending' },
        ...{ quote: null, fee_minor: null, currency: null, request_hash: null },
        ...{ reason: null, ended_ms: null, index: 0, proof: null },
      },
    ]);
    const command = { type: 'delivery.request', number: 1, request } as const;
    const address = { delivery: id, number: 1, zone, shard: 0, correlation: null };
    await insertCommands(trx, [{ ...address, command }]);
  });
  const log = new ScriptedLog();
  const anomalies: string[] = [];
  return {
    database,
    log,
    id,
    anomalies,
    requested: {
      type: 'delivery.requested',
      number: 1,
      request,
      promiseMs: 9_000,
      state: 'pending',
    },
    follow() {
      const projector = startProjector({
        database,
        door: log.door(),
        onError: (error) => assert.fail(String(error)),
        onAnomaly: ({ kind }) => anomalies.push(kind),
        onProgress: () => {},
      });
      cleanUpInReverse(t, () => projector.stop());
    },
    async reached(epoch, seq) {
      await waitFor(async () => {
        const at = await database.knex('positions').where({ shard: 0, epoch, seq }).first();
        return at !== undefined;
      });
    },
    async row() {
      return database.knex('deliveries').where({ id }).first();
    },
  };
}

const assigned = (delivery: DeliveryId, driver: DriverId): ZoneEvent => ({
  type: 'delivery.assigned',
  delivery,
  driver,
  by: 'offer',
});
const pickedUp = (delivery: DeliveryId, driver: DriverId): ZoneEvent => ({
  type: 'delivery.moved',
  delivery,
  state: 'picked_up',
  driver,
  atMs: 12_345,
});

test('two projectors of one log write every fact once', async (t) => {
  const { log, id, requested, database, ...b } = await bench(t);
  log.append(1, 1, [requested]);
  log.append(1, 2, [assigned(id, ada)]);
  log.append(1, 3, [pickedUp(id, ada)]);
  b.follow();
  b.follow();
  await b.reached(1, 3);
  assert.equal((await b.row()).state, 'picked_up');
  const facts: string[] = await database.knex('facts').orderBy(['seq', 'index']).pluck('type');
  assert.deepEqual(facts, ['delivery.requested', 'delivery.assigned', 'delivery.moved']);
  assert.equal((await outboxEvents(database)).length, 3);
  assert.equal((await queries.commandOf(database.knex, id, 1))?.state, 'confirmed');
  await waitFor(() => log.registered?.seq === 3);
});

test('a log that lost its end takes the projection back with it', async (t) => {
  const { log, id, requested, database, ...b } = await bench(t);
  log.append(1, 1, [requested]);
  log.append(1, 2, [assigned(id, ada)]);
  log.append(1, 3, [pickedUp(id, ada)]);
  b.follow();
  await b.reached(1, 3);
  log.entries = log.entries.slice(0, 1);
  log.append(2, 2, [assigned(id, bob)], { predecessor: { epoch: 1, seq: 1 } });
  await b.reached(2, 2);
  const row = await b.row();
  assert.deepEqual([row.state, row.driver, row.picked_up_ms], ['assigned', bob, null]);
  const holders: string[] = await database.knex('assignments').pluck('driver');
  assert.deepEqual(holders, [bob]);
  assert.deepEqual(b.anomalies, []);
  assert.equal((await queries.commandOf(database.knex, id, 1))?.state, 'confirmed');
});

test('decisions are written once, go with the lost end of a log, and are forgotten at their bounds', async (t) => {
  const { log, id, requested, database, ...b } = await bench(t);
  const explained = (round: number): ZoneEvent => ({
    type: 'round.explained',
    ...{ round, version: 1, terms: ['drive'], weights: [20], planCost: 1, drivers: [ada] },
    units: [
      {
        ...{ deliveries: [id], outcome: 'offered', chosen: 0, stayOut: 1, shortlisted: 1 },
        candidates: [{ driver: 0, terms: [5], alone: 100, pickupMs: 1, doorMs: 2 }],
        ...{ rejected: [], leftOff: 0 },
      },
    ],
    leftOff: 0,
  });
  log.append(1, 1, [requested]);
  log.append(1, 2, [explained(1)], { engine: 'e' });
  log.append(1, 3, [explained(2), explained(3)]);
  b.follow();
  b.follow();
  await b.reached(1, 3);
  const rounds = async () =>
    (await listDecisions(database.knex, id, null, 10)).map(({ round }) => round);
  assert.deepEqual(await rounds(), [3, 2, 1]);
  const [newest] = await listDecisions(database.knex, id, null, 1);
  assert.ok(newest);
  const older = await listDecisions(database.knex, id, newest, 10);
  assert.deepEqual(
    older.map(({ round, engine }) => [round, engine]),
    [
      [2, null],
      [1, 'e'],
    ],
  );
  log.entries = log.entries.slice(0, 2);
  log.append(2, 3, [explained(9)], { predecessor: { epoch: 1, seq: 2 } });
  await b.reached(2, 3);
  assert.deepEqual(await rounds(), [9, 1]);
  await forgetDecisions(database.knex, { beforeMs: 0, kept: 1, atOnce: 10 });
  assert.deepEqual(await rounds(), [9]);
  await forgetDecisions(database.knex, { beforeMs: 99_000, kept: 9, atOnce: 10 });
  assert.deepEqual(await rounds(), []);
});

test('a request that the log lost is waiting to be sent again', async (t) => {
  const { log, requested, id, database, ...b } = await bench(t);
  log.append(1, 1, []);
  log.append(1, 2, [requested]);
  b.follow();
  await b.reached(1, 2);
  log.entries = log.entries.slice(0, 1);
  log.append(2, 2, [], { predecessor: { epoch: 1, seq: 1 } });
  await b.reached(2, 2);
  assert.equal((await queries.commandOf(database.knex, id, 1))?.state, 'waiting');
  assert.equal((await b.row()).promise_ms, null);
});

test('a second holder is exposed, kept and counted', async (t) => {
  const { log, id, requested, database, ...b } = await bench(t);
  log.append(1, 1, [requested, assigned(id, ada)]);
  log.append(1, 2, [assigned(id, bob)]);
  b.follow();
  await b.reached(1, 2);
  assert.deepEqual(b.anomalies, ['second_holder']);
  const kept = await database.knex('anomalies').first('kind', 'delivery');
  assert.deepEqual({ ...kept }, { kind: 'second_holder', delivery: id });
  const twice = database
    .knex('assignments')
    .insert({ delivery: id, driver: ada, epoch: 1, seq: 1 });
  await assert.rejects(twice, /assignments_one_holder/);
});

test('a refusal for now leaves the request waiting, one for good ends the delivery', async (t) => {
  const { log, id, database, ...b } = await bench(t);
  const refused = (reason: 'zone_full' | 'intake_paused'): ZoneEvent => ({
    type: 'delivery.refused',
    delivery: id,
    number: 1,
    reason,
  });
  log.append(1, 1, [refused('zone_full')]);
  b.follow();
  await b.reached(1, 1);
  assert.equal((await queries.commandOf(database.knex, id, 1))?.state, 'waiting');
  log.append(1, 2, [refused('intake_paused')]);
  await b.reached(1, 2);
  const row = await b.row();
  assert.equal(row.state, 'failed');
  assert.deepEqual(row.reason, { code: 'zone_closed', stage: 'pending', fault: 'platform' });
});

test('exceptions are the same after the log was read anew, and keep what ops did', async (t) => {
  const { log, id, requested, database, ...b } = await bench(t);
  const raised = (problem: DeliveryProblem, doorMs: number): ZoneEvent => ({
    ...{ type: 'delivery.raised', delivery: id, problem, doorMs },
  });
  log.append(1, 1, [requested]);
  log.append(1, 2, [raised('unassigned_too_long', 20_000)]);
  log.append(1, 3, [{ type: 'delivery.cleared', delivery: id, problem: 'unassigned_too_long' }]);
  log.append(1, 4, [raised('unassigned_too_long', 30_000), raised('stalled', 30_000)]);
  b.follow();
  b.follow();
  await b.reached(1, 4);
  const all = () => database.knex('exceptions').orderBy(['since_ms', 'problem']);
  const before = await all();
  assert.deepEqual(
    before.map(({ problem, late_ms, closed_by }) => [problem, late_ms, closed_by]),
    [
      ['unassigned_too_long', 11_000, 'cleared'],
      ['stalled', 21_000, null],
      ['unassigned_too_long', 21_000, null],
    ],
  );
  await database.knex('exceptions').where({ id: before[0].id }).update({ owner: 'usr_x' });
  // The log has lost its last two records: what was cleared is open, what was raised never was.
  log.entries = log.entries.slice(0, 2);
  log.append(2, 3, [raised('vendor_late', 9_500)], { predecessor: { epoch: 1, seq: 2 } });
  await b.reached(2, 3);
  const after = await all();
  assert.deepEqual(
    after.map(({ problem, late_ms, closed_by, owner }) => [problem, late_ms, closed_by, owner]),
    [
      ['unassigned_too_long', 11_000, null, 'usr_x'],
      ['vendor_late', 500, null, null],
    ],
  );
  assert.equal(after[0].id, before[0].id);
  assert.deepEqual(b.anomalies, []);
});

test('exceptions that are over are forgotten when they are old or too many, open ones never', async (t) => {
  const { log, id, requested, database, ...b } = await bench(t);
  const raised: ZoneEvent = {
    type: 'delivery.raised',
    delivery: id,
    problem: 'stalled',
    doorMs: 1,
  };
  const cleared: ZoneEvent = { type: 'delivery.cleared', delivery: id, problem: 'stalled' };
  log.append(1, 1, [requested]);
  for (let n = 0; n < 5; n++) log.append(1, 2 + n, [raised, cleared]);
  log.append(1, 7, [raised]);
  b.follow();
  await b.reached(1, 7);
  const left = (): Promise<number[]> =>
    database.knex('exceptions').orderBy('since_ms').pluck('since_ms');
  assert.deepEqual(await left(), [12_000, 13_000, 14_000, 15_000, 16_000, 17_000]);
  const old = { beforeMs: 13_000, kept: 100, atOnce: 10 };
  assert.equal(await forgetExceptions(database.knex, old), false);
  assert.deepEqual(await left(), [13_000, 14_000, 15_000, 16_000, 17_000]);
  const many = { beforeMs: 0, kept: 2, atOnce: 1 };
  assert.equal(await forgetExceptions(database.knex, many), true, 'there may be more');
  assert.equal(await forgetExceptions(database.knex, many), true);
  assert.equal(await forgetExceptions(database.knex, many), false);
  assert.deepEqual(await left(), [15_000, 16_000, 17_000]);
});
