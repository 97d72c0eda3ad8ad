/** What the kitchen asks of its tickets; set by set, never row by row. */
import type { OrderId } from '../../contracts/ids.ts';
import type { TicketState } from '../../contracts/messages/kitchen.ts';
import type { Knex, Queryable, Transaction } from '../../platform/database.ts';
import { NAMES, RECORD, rowOf, type TicketColumns, type TicketRow, ticketOf } from './rows.ts';
import type { Ticket } from './ticket.ts';

/** A ticket in one of these stands on no board. */
const ENDS: TicketState[] = ['rejected', 'cancelled'];

/** Tickets of these orders, locked in one order for everybody. */
export async function lockTickets(
  trx: Transaction,
  orders: readonly OrderId[],
): Promise<Map<OrderId, Ticket>> {
  const rows: TicketColumns[] = await trx('tickets')
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
    await trx.raw(
      `WITH made AS (
         INSERT INTO tickets (${NAMES.join(', ')})
         SELECT ${NAMES.join(', ')} FROM json_to_recordset(?::json) AS n (${RECORD})
         RETURNING vendor, order_id, state)
       INSERT INTO live (vendor, order_id)
       SELECT vendor, order_id FROM made WHERE vendor IS NOT NULL AND state <> ALL(?)`,
      [JSON.stringify(fresh), ENDS],
    );
  }
  if (changed.length > 0) {
    const set = NAMES.filter((name) => name !== 'order_id').map((name) => `${name} = n.${name}`);
    await trx.raw(
      `WITH changed AS (
         UPDATE tickets t SET ${set.join(', ')}
           FROM json_to_recordset(?::json) AS n (${RECORD}) WHERE t.order_id = n.order_id
         RETURNING t.vendor, t.order_id, t.state)
       DELETE FROM live l USING changed c
        WHERE l.vendor = c.vendor AND l.order_id = c.order_id AND c.state = ANY(?)`,
      [JSON.stringify(changed), ENDS],
    );
  }
}

export interface Collected {
  readonly vendor: string;
  readonly order_id: OrderId;
  readonly at_ms: number;
}

/** Takes tickets off the board whose parcel has left; the first time stands. Each order once. */
export async function collectTickets(
  trx: Transaction,
  collected: readonly Collected[],
): Promise<void> {
  if (collected.length === 0) return;
  await trx.raw(
    `WITH gone AS (
       DELETE FROM live l
        USING json_to_recordset(?::json) AS n (vendor text, order_id text, at_ms bigint)
        WHERE l.vendor = n.vendor AND l.order_id = n.order_id
       RETURNING n.order_id, n.at_ms)
     INSERT INTO collected (order_id, at_ms) SELECT order_id, at_ms FROM gone
     ON CONFLICT DO NOTHING`,
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

function ticketRows(db: Queryable): Knex.QueryBuilder<object, TicketRow[]> {
  return db('tickets').select(
    'tickets.*',
    db('collected').select('at_ms').whereRaw('order_id = tickets.order_id').as('collected_ms'),
  );
}

export async function ticketById(db: Queryable, id: string): Promise<TicketRow | undefined> {
  return ticketRows(db).where({ id }).first();
}

export async function lockTicket(trx: Transaction, id: string): Promise<TicketRow | undefined> {
  return ticketRows(trx).where({ id }).first().forUpdate();
}

export interface TicketFilter {
  readonly vendor: string;
  readonly state?: TicketState | undefined;
  /** Neither ended nor carried away. */
  readonly live: boolean;
  readonly before?: string | undefined;
}

/** Newest first. */
export async function listTickets(
  db: Queryable,
  { vendor, state, live, before }: TicketFilter,
  limit: number,
): Promise<TicketRow[]> {
  const query = ticketRows(db).where({ vendor }).orderBy('id', 'desc').limit(limit);
  if (state !== undefined) query.where({ state });
  if (live) query.whereRaw('order_id IN (SELECT order_id FROM live WHERE vendor = ?)', [vendor]);
  if (before !== undefined) query.where('id', '<', before);
  return query;
}
