/**
 * Makes projected rows anew from the facts that are left after a roll-back. The facts hold all that
 * the fold needs, so the same fold is used.
 */
import type { ZoneEvent } from '../../../contracts/events.ts';
import type { DeliveryId, ExceptionId } from '../../../contracts/ids.ts';
import type { LogRecord } from '../../../dispatch/redis/door.ts';
import type { Transaction } from '../../../platform/database.ts';
import type { ExceptionState } from '../exceptions/exception-fold.ts';
import { replaceExceptions } from '../exceptions/exception-queries.ts';
import type { DeliveryRow, FactRow } from '../rows.ts';
import { project } from './projection.ts';
import { writeRows } from './projector-queries.ts';

/** Resets the rows and folds their facts again. */
export async function rebuild(trx: Transaction, ids: readonly DeliveryId[]): Promise<void> {
  if (ids.length === 0) return;
  const rows: DeliveryRow[] = await trx('deliveries')
    .whereRaw('id = ANY(?)', [[...ids]])
    .forNoKeyUpdate();
  const facts: FactRow[] = await trx('facts')
    .whereRaw('delivery = ANY(?)', [[...ids]])
    .orderBy(['epoch', 'seq', 'index']);
  const deliveries = new Map(rows.map((row) => [row.id, reset(row)]));
  const exceptions = new Map<ExceptionId, ExceptionState>();
  for (const fact of facts) {
    const row = deliveries.get(fact.delivery);
    if (row === undefined || fact.type.startsWith('offer.')) continue;
    const { changed } = project([recordOf(fact, row)], {
      deliveries: new Map([[row.id, row]]),
      offers: new Map(),
      exceptions: [...exceptions.values()].filter((each) => each.closed_ms === null),
    }).exceptions;
    for (const state of changed) exceptions.set(state.id, state);
  }
  await writeRows(trx, [...deliveries.values()]);
  await replaceExceptions(trx, ids, [...exceptions.values()]);
}

function reset(row: DeliveryRow): DeliveryRow {
  return {
    ...row,
    state: row.request.notBeforeMs === undefined ? 'pending' : 'scheduled',
    driver: null,
    ready_ms: row.request.readyMs,
    promise_ms: null,
    assigned_ms: null,
    picked_up_ms: null,
    delivered_ms: null,
    ended_ms: null,
    reason: null,
    held: false,
    epoch: 0,
    seq: 0,
    index: 0,
  };
}

/** A record of one event, as it stood in the log. */
function recordOf(fact: FactRow, row: DeliveryRow): LogRecord {
  const request = fact.type === 'delivery.requested' ? { request: row.request } : {};
  const event = { type: fact.type, ...fact.data, ...request } as unknown as ZoneEvent;
  // The fold takes the index of an event from its place, so it is put back in its place.
  const events = Array.from({ length: fact.index }, () => ({
    zone: row.zone,
    event: { type: 'tombstones.dropped', count: 0 } as const,
    i: 0,
  }));
  return {
    v: 1,
    epoch: fact.epoch,
    seq: fact.seq,
    atMs: fact.at_ms,
    cursor: '0-0',
    inputs: [],
    events: [...events, { zone: row.zone, event, i: 0 }],
    weights: {},
    flags: [],
  };
}
