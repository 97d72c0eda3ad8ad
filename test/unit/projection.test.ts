import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ZoneEvent } from '../../contracts/events.ts';
import { type DeliveryId, newId } from '../../contracts/ids.ts';
import type { LogRecord } from '../../dispatch/redis/door.ts';
import { lostAfter } from '../../platform/log-following.ts';
import { type Batch, mentioned, project } from '../../services/deliveries/projector/projection.ts';
import { historyOf } from '../../services/deliveries/reading.ts';
import type { DeliveryRow, FactRow } from '../../services/deliveries/rows.ts';

const zone = newId('zone');
const ada = newId('driver');
const bob = newId('driver');
const place = { latE7: 1, lonE7: 2, cell: 3 };

function newRow(): DeliveryRow {
  const id = newId('delivery');
  const account = newId('account');
  return {
    id,
    account,
    external_id: 'x',
    customer: null,
    zone,
    shard: 0,
    request: {
      id,
      account,
      pickup: place,
      dropoff: place,
      placedMs: 1_000,
      readyMs: 2_000,
      readySource: 'promised',
      load: { parcels: 1, volumeMl: 1, weightG: 1 },
      ifUndeliverable: 'return',
    },
    ...{ pickup_name: null, pickup_note: null, dropoff_note: null, last_command: 1 },
    ...{ proof: null, pin_tries: 0 },
    ...{ placed_ms: 1_000, ready_ms: 2_000, state: 'pending', driver: null, promise_ms: null },
    ...{ assigned_ms: null, picked_up_ms: null, delivered_ms: null, ended_ms: null },
    ...{ reason: null, held: false, epoch: 0, seq: 0, index: 0 },
    ...{ fee_minor: null, currency: null, quote: null, request_hash: null },
  };
}

/** One record per event, a second apart. */
function records(events: readonly ZoneEvent[]): LogRecord[] {
  return events.map((event, n) => ({
    v: 1,
    epoch: 7,
    seq: n + 1,
    atMs: 10_000 + n * 1_000,
    cursor: '0-0',
    inputs: [],
    events: [{ zone, event, i: 0 }],
    weights: {},
    flags: [],
  }));
}

function fold(row: DeliveryRow, events: readonly ZoneEvent[]): Batch {
  const known = { deliveries: new Map([[row.id, row]]), offers: new Map(), exceptions: [] };
  return project(records(events), known);
}

function requested(row: DeliveryRow): ZoneEvent {
  const { request } = row;
  return { type: 'delivery.requested', number: 1, request, promiseMs: 9_000, state: 'pending' };
}

const assigned = (delivery: DeliveryId, driver = ada): ZoneEvent => ({
  type: 'delivery.assigned',
  delivery,
  driver,
  by: 'offer',
});

describe('the projection of the log', () => {
  test('follows a delivery from request to door', () => {
    const row = newRow();
    const reason = { code: 'completed', stage: 'at_dropoff', fault: 'platform' } as const;
    const batch = fold(row, [
      requested(row),
      assigned(row.id),
      { type: 'delivery.moved', delivery: row.id, state: 'picked_up', driver: ada, atMs: 11_500 },
      {
        type: 'delivery.ended',
        delivery: row.id,
        state: 'delivered',
        reason,
        driver: ada,
        atMs: 13_500,
      },
    ]);
    assert.deepEqual(
      [row.state, row.driver, row.picked_up_ms, row.delivered_ms, row.promise_ms],
      ['delivered', ada, 11_500, 13_500, 9_000],
    );
    assert.deepEqual(
      batch.announced.map(({ state }) => state.state),
      ['pending', 'assigned', 'picked_up', 'delivered'],
    );
    assert.deepEqual(
      batch.commands.map(({ number, state }) => [number, state]),
      [[1, 'confirmed']],
    );
    assert.deepEqual(batch.anomalies, []);
    const history = historyOf(row.placed_ms, batch.facts.map(stored));
    assert.deepEqual(
      history.map(({ state }) => state),
      ['pending', 'assigned', 'picked_up', 'delivered'],
    );
  });

  test('exposes a second holder at once, and follows the log all the same', () => {
    const row = newRow();
    const batch = fold(row, [requested(row), assigned(row.id), assigned(row.id, bob)]);
    assert.deepEqual(
      batch.anomalies.map(({ kind }) => kind),
      ['second_holder'],
    );
    assert.equal(row.driver, bob);
  });

  test('gives a released delivery back to nobody, unless somebody else has it already', () => {
    const row = newRow();
    const released = (driver: typeof ada): ZoneEvent => ({
      type: 'delivery.unassigned',
      delivery: row.id,
      driver,
      why: 'test',
    });
    fold(row, [requested(row), assigned(row.id), released(bob)]);
    assert.deepEqual([row.state, row.driver], ['assigned', ada]);
    fold(row, [released(ada)]);
    assert.deepEqual([row.state, row.driver, row.assigned_ms], ['pending', null, null]);
  });

  test('notices an offer with two outcomes', () => {
    const row = newRow();
    const offer = newId('offer');
    const closed = (outcome: 'accepted' | 'expired'): ZoneEvent => ({
      type: 'offer.closed',
      offer,
      driver: ada,
      outcome,
    });
    const batch = fold(row, [
      requested(row),
      {
        type: 'offer.made',
        offer,
        driver: ada,
        deliveries: [row.id],
        stops: [],
        planVersion: 1,
        terms: {
          payMinor: 1,
          currency: 'EUR',
          toPickupMeters: 1,
          toDropoffMeters: 1,
          expiresMs: 1,
        },
        cost: 1,
      },
      closed('accepted'),
      closed('expired'),
    ]);
    assert.deepEqual(
      batch.anomalies.map(({ kind }) => kind),
      ['second_outcome'],
    );
    assert.deepEqual(
      batch.facts.map(({ type }) => type),
      ['delivery.requested', 'offer.made', 'offer.closed', 'offer.closed'],
    );
  });

  test('says which deliveries and offers must be known before the fold', () => {
    const row = newRow();
    const offer = newId('offer');
    const closed = { type: 'offer.closed', offer, driver: ada, outcome: 'expired' } as const;
    const { deliveries, offers } = mentioned(records([requested(row), closed]));
    assert.deepEqual([[...deliveries], [...offers]], [[row.id], [offer]]);
  });

  test('rolls back only when the log names a predecessor before what was followed', () => {
    const [first] = records([assigned(newId('delivery'))]);
    assert.ok(first);
    const entry = (predecessor?: { epoch: number; seq: number }) => [
      {
        position: { epoch: 9, seq: 6 },
        record: predecessor === undefined ? first : { ...first, predecessor },
      },
    ];
    const from = { epoch: 8, seq: 5 };
    assert.equal(lostAfter(from, entry()), undefined);
    assert.equal(lostAfter(from, entry({ epoch: 8, seq: 5 })), undefined);
    assert.deepEqual(lostAfter(from, entry({ epoch: 8, seq: 3 })), { epoch: 8, seq: 3 });
  });
});

function stored(fact: Omit<FactRow, 'shard'>): FactRow {
  return { shard: 0, ...fact };
}
