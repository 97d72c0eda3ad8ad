/** What the kitchen asks of its tickets; set by set, never row by row. */
import { WaggleError } from '../../contracts/errors.ts';
import type { OrderId } from '../../contracts/ids.ts';
import type { TicketState } from '../../contracts/messages/kitchen.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { NAMES, RECORD, rowOf, type TicketRow, ticketOf } from './rows.ts';
import type { Ticket } from './ticket.ts';

/** Tickets of these orders, locked in one order for everybody. */
export async function lockTickets(
  trx: Transaction,
  orders: readonly OrderId[],
): Promise<Map<OrderId, Ticket>> {
  const rows: TicketRow[] = await trx('tickets')
    .whereRaw('order_id = ANY(?)', [[...new Set(orders)]])
    .orderBy('order_id')
    .forUpdate();
  return new Map(rows.map((row) => [row.order_id, ticketOf(row)]));
}

/**
 * Writes tickets: those in `known` are locked and changed, the others are new. Throws when another
 * process made one of the new ones meanwhile; the batch is then handled again.
 */
export async function saveTickets(
  trx: Transaction,
  tickets: readonly Ticket[],
  known: ReadonlyMap<OrderId, Ticket>,
): Promise<void> {
  const rows = tickets.map(rowOf).sort((a, b) => (a.order_id < b.order_id ? -1 : 1));
  const fresh = rows.filter(({ order_id }) => !known.has(order_id));
  const changed = rows.filter(({ order_id }) => known.has(order_id));
  if (fresh.length > 0) {
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      `INSERT INTO tickets (${NAMES.join(', ')})
       SELECT ${NAMES.join(', ')} FROM jsonb_to_recordset(?::jsonb) AS n (${RECORD})
       ON CONFLICT (order_id) DO NOTHING`,
      [JSON.stringify(fresh)],
    );
    if (rowCount !== fresh.length) throw new WaggleError('service.unavailable', 'a ticket raced');
  }
  if (changed.length > 0) {
    const set = NAMES.filter((name) => name !== 'order_id').map((name) => `${name} = n.${name}`);
    await trx.raw(
      `UPDATE tickets t SET ${set.join(', ')}
         FROM jsonb_to_recordset(?::jsonb) AS n (${RECORD}) WHERE t.order_id = n.order_id`,
      [JSON.stringify(changed)],
    );
  }
}

/** Takes tickets off the board whose parcel has left; the first time stands. */
export async function collectTickets(
  trx: Transaction,
  collected: readonly { readonly order_id: OrderId; readonly at_ms: number }[],
): Promise<void> {
  if (collected.length === 0) return;
  await trx.raw(
    `WITH n AS (
       SELECT order_id, min(at_ms) AS at_ms
         FROM jsonb_to_recordset(?::jsonb) AS r (order_id text, at_ms bigint) GROUP BY order_id),
     locked AS (
       SELECT t.order_id FROM tickets t JOIN n USING (order_id)
        WHERE t.collected_ms IS NULL ORDER BY t.order_id FOR UPDATE OF t)
     UPDATE tickets t SET collected_ms = n.at_ms FROM n, locked l
      WHERE t.order_id = n.order_id AND l.order_id = n.order_id AND t.collected_ms IS NULL`,
    [JSON.stringify(collected)],
  );
}

/** Drops what customers wrote on the tickets of these orders. */
export async function forgetNotes(trx: Transaction, orders: readonly OrderId[]): Promise<void> {
  if (orders.length === 0) return;
  await trx.raw(
    `UPDATE tickets SET note = NULL,
            lines = (SELECT COALESCE(jsonb_agg(line - 'note' ORDER BY place), '[]')
                       FROM jsonb_array_elements(lines) WITH ORDINALITY AS l (line, place))
      WHERE order_id = ANY(?)`,
    [[...orders]],
  );
}

export async function ticketById(db: Queryable, id: string): Promise<TicketRow | undefined> {
  return db('tickets').where({ id }).first();
}

export async function lockTicket(trx: Transaction, id: string): Promise<TicketRow | undefined> {
  return trx('tickets').where({ id }).first().forUpdate();
}

export interface TicketFilter {
  readonly vendor: string;
  readonly state?: TicketState | undefined;
  /** Neither ended nor carried away. */
  readonly live: boolean;
  readonly before?: string | undefined;
}

const LIVE = `collected_ms IS NULL AND state IN ('open', 'accepted', 'started', 'ready')`;

/** Newest first. */
export async function listTickets(
  db: Queryable,
  { vendor, state, live, before }: TicketFilter,
  limit: number,
): Promise<TicketRow[]> {
  const query = db('tickets').where({ vendor }).orderBy('id', 'desc').limit(limit);
  if (state !== undefined) query.where({ state });
  if (live) query.whereRaw(LIVE);
  if (before !== undefined) query.where('id', '<', before);
  return query;
}
