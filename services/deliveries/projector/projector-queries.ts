/** How a batch of the projection is read and written: a fixed number of statements, whatever its size. Rows
 * travel as one JSON value, because Postgres takes at most 65,535 parameters in a statement. */

import type { DeliveryId, OfferId } from '../../../contracts/ids.ts';
import { DELIVERY_STREAM, type DeliveryChanged } from '../../../contracts/messages/deliveries.ts';
import type { LogPosition } from '../../../dispatch/redis/door.ts';
import type { Transaction } from '../../../platform/database.ts';
import { enqueue } from '../../../platform/outbox.ts';
import { openExceptions, writeExceptions } from '../exceptions/exception-queries.ts';
import type { DeliveryRow, FactRow } from '../rows.ts';
import { rollBackDecisions, writeDecisions } from './decision-rows.ts';
import type { Batch, Change, Known, OfferState } from './projection.ts';

export async function readKnown(
  trx: Transaction,
  ids: { readonly deliveries: Set<DeliveryId>; readonly offers: Set<OfferId> },
): Promise<Known> {
  const offers = await readOffers(trx, [...ids.offers]);
  // An outcome speaks of an offer only; the deliveries of that offer come with it.
  for (const offer of offers) for (const id of offer.deliveries) ids.deliveries.add(id);
  const rows: DeliveryRow[] =
    ids.deliveries.size === 0
      ? []
      : await trx('deliveries')
          .whereRaw('id = ANY(?)', [[...ids.deliveries]])
          .forNoKeyUpdate();
  return {
    deliveries: new Map(rows.map((row) => [row.id, row])),
    offers: new Map(offers.map((offer) => [offer.id, offer])),
    exceptions: await openExceptions(trx, [...ids.deliveries]),
  };
}

async function readOffers(trx: Transaction, ids: readonly OfferId[]): Promise<OfferState[]> {
  return ids.length === 0 ? [] : trx('offers').whereRaw('id = ANY(?)', [[...ids]]);
}

/** Writes everything a batch says. */
export async function writeBatch(trx: Transaction, shard: number, batch: Batch): Promise<void> {
  const stolen = await writeRows(trx, [...batch.changed]);
  await writeCommands(trx, batch);
  await writeFacts(trx, shard, batch.facts);
  await writeOffers(trx, shard, batch);
  await writeAudit(trx, shard, batch);
  await writeExceptions(trx, [...batch.exceptions.changed]);
  await writeDecisions(trx, shard, batch.decisions);
  const anomalies = [
    ...batch.anomalies,
    ...stolen.map((delivery) => ({ kind: 'second_holder', delivery, offer: null, detail: {} })),
  ];
  if (anomalies.length > 0) await trx('anomalies').insert(anomalies);
  await enqueue(trx, batch.announced.map(announcement));
}

/** Writes the projected columns of rows; returns deliveries that somebody else holds. */
export async function writeRows(
  trx: Transaction,
  rows: readonly DeliveryRow[],
): Promise<DeliveryId[]> {
  await writeDeliveries(trx, rows);
  return writeAssignments(trx, rows);
}

async function writeDeliveries(trx: Transaction, rows: readonly DeliveryRow[]): Promise<void> {
  if (rows.length === 0) return;
  const columns = rows.map((row) => ({
    id: row.id,
    state: row.state,
    driver: row.driver,
    ready_ms: row.ready_ms,
    promise_ms: row.promise_ms,
    assigned_ms: row.assigned_ms,
    picked_up_ms: row.picked_up_ms,
    delivered_ms: row.delivered_ms,
    ended_ms: row.ended_ms,
    reason: row.reason,
    held: row.held,
    epoch: row.epoch,
    seq: row.seq,
    index: row.index,
  }));
  await trx.raw(
    `UPDATE deliveries d SET state = n.state, driver = n.driver, ready_ms = n.ready_ms,
        promise_ms = n.promise_ms, assigned_ms = n.assigned_ms, picked_up_ms = n.picked_up_ms,
        delivered_ms = n.delivered_ms, ended_ms = n.ended_ms, reason = n.reason, held = n.held,
        epoch = n.epoch, seq = n.seq, index = n.index
      FROM jsonb_to_recordset(?::jsonb) AS n (id text, state text, driver text, ready_ms bigint,
        promise_ms bigint, assigned_ms bigint, picked_up_ms bigint, delivered_ms bigint,
        ended_ms bigint, reason jsonb, held boolean, epoch bigint, seq bigint, index integer)
      WHERE d.id = n.id`,
    [JSON.stringify(columns)],
  );
}

/**
 * Keeps one row per delivery in somebody's hands. Rows that are no longer true go first; a new
 * holder is then a plain insert, and one that meets a row of somebody else is returned.
 */
async function writeAssignments(
  trx: Transaction,
  rows: readonly DeliveryRow[],
): Promise<DeliveryId[]> {
  if (rows.length === 0) return [];
  const held = rows.filter((row) => row.driver !== null && row.ended_ms === null);
  const released = rows.filter((row) => row.driver === null || row.ended_ms !== null);
  const moved = held.map(({ id, driver }) => ({ id, driver }));
  await trx.raw(
    `DELETE FROM assignments a WHERE a.delivery = ANY(?::text[])
       OR EXISTS (SELECT 1 FROM jsonb_to_recordset(?::jsonb) AS n (id text, driver text)
                   WHERE n.id = a.delivery AND n.driver <> a.driver)`,
    [released.map((row) => row.id), JSON.stringify(moved)],
  );
  if (held.length === 0) return [];
  await trx.raw(
    `INSERT INTO assignments (delivery, driver, epoch, seq)
     SELECT id, driver, epoch, seq FROM jsonb_to_recordset(?::jsonb)
         AS n (id text, driver text, epoch bigint, seq bigint)
     ON CONFLICT (delivery) DO NOTHING`,
    [JSON.stringify(held.map(({ id, driver, epoch, seq }) => ({ id, driver, epoch, seq })))],
  );
  const { rows: foreign } = await trx.raw<{ rows: { delivery: DeliveryId }[] }>(
    `SELECT a.delivery FROM assignments a
       JOIN jsonb_to_recordset(?::jsonb) AS n (id text, driver text) ON n.id = a.delivery
      WHERE n.driver <> a.driver`,
    [JSON.stringify(moved)],
  );
  return foreign.map(({ delivery }) => delivery);
}

/** Refusals that only mean "not now": the relay goes on asking. */
const NOT_NOW = ['zone_unknown', 'zone_full', 'number_gap'];

async function writeCommands(trx: Transaction, batch: Batch): Promise<void> {
  const final = batch.commands.filter(
    ({ refusal }) => refusal === null || !NOT_NOW.includes(refusal),
  );
  if (final.length > 0) {
    await trx.raw(
      `UPDATE commands c SET state = n.state, refusal = n.refusal, epoch = n.epoch, seq = n.seq
        FROM jsonb_to_recordset(?::jsonb) AS n (delivery text, number integer, state text,
             refusal text, epoch bigint, seq bigint)
       WHERE c.delivery = n.delivery AND c.number = n.number AND c.state = 'waiting'`,
      [JSON.stringify(final)],
    );
    await refuseRequests(trx, batch);
    await trx.raw(`SELECT pg_notify('deliveries_commands', '')`);
  }
  const ended = [...batch.changed].filter((row) => row.ended_ms !== null).map((row) => row.id);
  if (ended.length === 0) return;
  // The zone keeps only a tombstone: what was still on its way has nothing left to change.
  await trx.raw(
    `UPDATE commands SET state = 'refused', refusal = 'already_ended'
      WHERE state = 'waiting' AND delivery = ANY(?) AND number > 1`,
    [ended],
  );
}

/** A request that the zone refused for good ends its delivery: nobody else will. */
async function refuseRequests(trx: Transaction, batch: Batch): Promise<void> {
  const refused = batch.commands.filter(
    ({ number, refusal }) => number === 1 && refusal !== null && !NOT_NOW.includes(refusal),
  );
  if (refused.length === 0) return;
  await trx.raw(
    `UPDATE deliveries d SET state = 'failed', ended_ms = d.placed_ms, epoch = n.epoch, seq = n.seq,
        reason = jsonb_build_object('code', 'zone_closed', 'stage', d.state, 'fault', 'platform')
      FROM jsonb_to_recordset(?::jsonb) AS n (delivery text, epoch bigint, seq bigint)
      WHERE d.id = n.delivery AND d.epoch = 0`,
    [JSON.stringify(refused)],
  );
  const rows: DeliveryRow[] = await trx('deliveries').whereRaw('id = ANY(?)', [
    refused.map(({ delivery }) => delivery),
  ]);
  await enqueue(
    trx,
    rows.map((row) => announcement({ row, atMs: row.placed_ms, state: row })),
  );
}

async function writeFacts(
  trx: Transaction,
  shard: number,
  facts: readonly Omit<FactRow, 'shard'>[],
): Promise<void> {
  if (facts.length === 0) return;
  await trx.raw(
    `INSERT INTO facts (shard, epoch, seq, index, delivery, type, at_ms, driver, data)
     SELECT ?, epoch, seq, index, delivery, type, at_ms, driver, data
       FROM jsonb_to_recordset(?::jsonb) AS n (epoch bigint, seq bigint, index integer,
            delivery text, type text, at_ms bigint, driver text, data jsonb)
     ON CONFLICT DO NOTHING`,
    [shard, JSON.stringify(facts)],
  );
}

async function writeOffers(trx: Transaction, shard: number, batch: Batch): Promise<void> {
  if (batch.offers.size === 0) return;
  await trx.raw(
    `INSERT INTO offers (id, shard, driver, deliveries, made_ms, outcome, closed_ms, epoch, seq)
     SELECT id, ?, driver, ARRAY(SELECT jsonb_array_elements_text(deliveries)), made_ms, outcome,
            closed_ms, epoch, seq
       FROM jsonb_to_recordset(?::jsonb) AS n (id text, driver text, deliveries jsonb,
            made_ms bigint, outcome text, closed_ms bigint, epoch bigint, seq bigint)
     ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, closed_ms = excluded.closed_ms`,
    [shard, JSON.stringify([...batch.offers.values()])],
  );
}

async function writeAudit(trx: Transaction, shard: number, batch: Batch): Promise<void> {
  if (batch.audit.length === 0) return;
  await trx.raw(
    `INSERT INTO audit (shard, epoch, seq, index, request, zone, actor, reason, verb, subject,
            at_ms, data)
     SELECT ?, epoch, seq, index, request, zone, actor, reason, verb, subject, at_ms, data
       FROM jsonb_to_recordset(?::jsonb) AS n (epoch bigint, seq bigint, index integer,
            request text, zone text, actor text, reason text, verb text, subject text,
            at_ms bigint, data jsonb)
     ON CONFLICT DO NOTHING`,
    [shard, JSON.stringify(batch.audit)],
  );
}

export function announcement({ row, atMs, state }: Change): {
  key: string;
  topic: string;
  payload: DeliveryChanged;
} {
  return {
    key: row.id,
    topic: DELIVERY_STREAM,
    payload: {
      type: 'delivery.changed',
      delivery: row.id,
      account: row.account,
      externalId: row.external_id,
      customer: row.customer,
      zone: row.zone,
      state: state.state,
      driver: state.driver,
      atMs,
      reason: state.reason,
      version: [state.epoch, state.seq, state.index],
      times: {
        placedMs: row.placed_ms,
        readyMs: state.ready_ms,
        promiseMs: state.promise_ms,
        assignedMs: state.assigned_ms,
        pickedUpMs: state.picked_up_ms,
        deliveredMs: state.delivered_ms,
        endedMs: state.ended_ms,
      },
    },
  };
}

/**
 * The log lost its end (a Redis that failed over): everything after `to` did not happen. Forgets
 * those facts, makes the deliveries they touched as they were, and re-opens confirmed commands.
 */
export async function rollBack(
  trx: Transaction,
  shard: number,
  to: LogPosition,
): Promise<DeliveryId[]> {
  const after = '(epoch, seq) > (?, ?)';
  const at = [to.epoch, to.seq];
  const { rows } = await trx.raw<{ rows: { delivery: DeliveryId }[] }>(
    `DELETE FROM facts WHERE shard = ? AND ${after} RETURNING delivery`,
    [shard, ...at],
  );
  const touched = [...new Set(rows.map(({ delivery }) => delivery))];
  await trx.raw(`DELETE FROM offers WHERE shard = ? AND ${after}`, [shard, ...at]);
  await trx.raw(`DELETE FROM audit WHERE shard = ? AND ${after}`, [shard, ...at]);
  await rollBackDecisions(trx, shard, to);
  await trx.raw(
    `UPDATE commands SET state = 'waiting', refusal = NULL, epoch = NULL, seq = NULL, next_at = now()
      WHERE shard = ? AND ${after}`,
    [shard, ...at],
  );
  return touched;
}
