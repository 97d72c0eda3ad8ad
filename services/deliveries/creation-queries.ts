/**
 * How deliveries and their commands are written and steered many at once: a fixed number of
 * statements, whatever the size of the batch. Rows travel as one JSON value.
 */
import type { DeliveryId } from '../../contracts/ids.ts';
import type { EndCode, Fault } from '../../contracts/states.ts';
import type { Transaction } from '../../platform/database.ts';
import type { CommandRow, DeliveryRow } from './rows.ts';

export type NewDelivery = Pick<
  DeliveryRow,
  | 'id'
  | 'account'
  | 'external_id'
  | 'customer'
  | 'zone'
  | 'shard'
  | 'request'
  | 'pickup_name'
  | 'pickup_note'
  | 'dropoff_note'
  | 'placed_ms'
  | 'ready_ms'
  | 'quote'
  | 'fee_minor'
  | 'currency'
  | 'request_hash'
  | 'state'
  | 'reason'
  | 'ended_ms'
  | 'index'
  | 'proof'
>;

/** Writes deliveries; the ids of those whose account had none of that external id. */
export async function insertDeliveries(
  trx: Transaction,
  rows: readonly NewDelivery[],
): Promise<ReadonlySet<DeliveryId>> {
  const { rows: added } = await trx.raw<{ rows: { id: DeliveryId }[] }>(
    `INSERT INTO deliveries (id, account, external_id, customer, zone, shard, request, pickup_name,
            pickup_note, dropoff_note, placed_ms, ready_ms, quote, fee_minor, currency,
            request_hash, state, reason, ended_ms, index, proof)
     SELECT id, account, external_id, customer, zone, shard, request, pickup_name,
            pickup_note, dropoff_note, placed_ms, ready_ms, quote, fee_minor, currency,
            request_hash, state, reason, ended_ms, index, proof
       FROM jsonb_to_recordset(?::jsonb) AS n (id text, account text, external_id text,
            customer text, zone text, shard integer, request jsonb, pickup_name text,
            pickup_note text, dropoff_note text, placed_ms bigint, ready_ms bigint, quote text,
            fee_minor bigint, currency text, request_hash text, state text, reason jsonb,
            ended_ms bigint, index integer, proof jsonb)
     ON CONFLICT (account, external_id) DO NOTHING RETURNING id`,
    [JSON.stringify(rows)],
  );
  return new Set(added.map(({ id }) => id));
}

export type NewCommand = Pick<
  CommandRow,
  'delivery' | 'number' | 'zone' | 'shard' | 'command' | 'correlation'
>;

/** Writes commands and tells the relays. */
export async function insertCommands(trx: Transaction, rows: readonly NewCommand[]): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO commands (delivery, number, zone, shard, command, correlation)
     SELECT delivery, number, zone, shard, command, correlation
       FROM jsonb_to_recordset(?::jsonb) AS n (delivery text, number integer, zone text,
            shard integer, command jsonb, correlation text)`,
    [JSON.stringify(rows)],
  );
  await trx.raw(`SELECT pg_notify('deliveries_commands', '')`);
}

/** Rows by (account, external id). */
export async function deliveriesByExternalIds(
  trx: Transaction,
  keys: readonly Pick<DeliveryRow, 'account' | 'external_id'>[],
): Promise<DeliveryRow[]> {
  const { rows } = await trx.raw<{ rows: DeliveryRow[] }>(
    `SELECT d.* FROM deliveries d
       JOIN (SELECT DISTINCT * FROM unnest(?::text[], ?::text[]) AS k (account, external_id)) k
         ON k.account = d.account AND k.external_id = d.external_id
      ORDER BY d.id`,
    [keys.map(({ account }) => account), keys.map((key) => key.external_id)],
  );
  return rows;
}

/** Locks deliveries in the order of their ids. */
export async function lockDeliveries(
  trx: Transaction,
  ids: readonly DeliveryId[],
): Promise<Map<DeliveryId, DeliveryRow>> {
  const rows: DeliveryRow[] = await trx('deliveries')
    .whereRaw('id = ANY(?)', [[...ids]])
    .orderBy('id')
    .forNoKeyUpdate();
  return new Map(rows.map((row) => [row.id, row]));
}

/** Deliveries with a cancel on its way or confirmed. */
export async function cancelsUnderWay(
  trx: Transaction,
  ids: readonly DeliveryId[],
): Promise<ReadonlySet<DeliveryId>> {
  if (ids.length === 0) return new Set();
  const rows: { delivery: DeliveryId }[] = await trx('commands')
    .distinct('delivery')
    .whereRaw('delivery = ANY(?)', [[...ids]])
    .whereRaw(`command->>'type' = 'delivery.cancel' AND state <> 'refused'`);
  return new Set(rows.map(({ delivery }) => delivery));
}

/** Writes commands with the numbers that follow for locked deliveries. */
export async function addCommands(trx: Transaction, rows: readonly NewCommand[]): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `UPDATE deliveries d SET last_command = n.number
       FROM (SELECT delivery, max(number) AS number
               FROM unnest(?::text[], ?::integer[]) AS c (delivery, number) GROUP BY delivery) n
      WHERE d.id = n.delivery`,
    [rows.map(({ delivery }) => delivery), rows.map(({ number }) => number)],
  );
  await insertCommands(trx, rows);
}

export interface Unwanted {
  readonly delivery: DeliveryId;
  readonly code: EndCode;
  readonly fault: Fault;
}

/** Remembers that deliveries nobody has asked for yet are not wanted any more. */
export async function insertUnwanted(
  trx: Transaction,
  rows: readonly Unwanted[],
  atMs: number,
): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map(({ delivery, code, fault }) => ({ delivery, code, fault, at_ms: atMs }));
  await trx('unwanted').insert(values).onConflict('delivery').ignore();
}

export async function unwantedOf(
  trx: Transaction,
  ids: readonly DeliveryId[],
): Promise<ReadonlyMap<DeliveryId, Unwanted>> {
  const rows: Unwanted[] = await trx('unwanted').whereRaw('delivery = ANY(?)', [[...ids]]);
  return new Map(rows.map((row) => [row.delivery, row]));
}
