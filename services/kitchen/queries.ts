/** What the kitchen asks of its tables; set by set, never row by row. */
import { WaggleError } from '../../contracts/errors.ts';
import type { AccountId, OrderId, TicketId, VendorId } from '../../contracts/ids.ts';
import type { TicketLine, TicketState } from '../../contracts/messages/kitchen.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import type { VendorSettings } from './answering.ts';
import type { Ticket } from './ticket.ts';

/** A row of `tickets`, column by column; the types are those of jsonb_to_recordset. */
const COLUMNS = {
  order_id: 'text',
  id: 'text',
  account: 'text',
  vendor: 'text',
  state: 'text',
  lines: 'jsonb',
  note: 'text',
  placed_ms: 'bigint',
  wanted_ready_ms: 'bigint',
  answer_by_ms: 'bigint',
  ready_ms: 'bigint',
  estimate_ms: 'bigint',
  slot_ms: 'bigint',
  accepted_ms: 'bigint',
  started_ms: 'bigint',
  done_ms: 'bigint',
  reason: 'jsonb',
  cancel_reason: 'text',
  delayed: 'boolean',
  changed_ms: 'bigint',
  version: 'integer',
} as const;
const NAMES = Object.keys(COLUMNS);
const RECORD = Object.entries(COLUMNS)
  .map((column) => column.join(' '))
  .join(', ');

export interface TicketRow {
  readonly order_id: OrderId;
  readonly id: TicketId;
  readonly account: AccountId | null;
  readonly vendor: VendorId | null;
  readonly state: TicketState;
  readonly lines: readonly TicketLine[];
  readonly note: string | null;
  readonly placed_ms: number;
  readonly wanted_ready_ms: number;
  readonly answer_by_ms: number;
  readonly ready_ms: number | null;
  readonly estimate_ms: number | null;
  readonly slot_ms: number | null;
  readonly accepted_ms: number | null;
  readonly started_ms: number | null;
  readonly done_ms: number | null;
  readonly reason: Ticket['reason'];
  readonly cancel_reason: string | null;
  readonly delayed: boolean;
  readonly changed_ms: number;
  readonly version: number;
}

export function ticketOf(row: TicketRow): Ticket {
  return {
    id: row.id,
    order: row.order_id,
    account: row.account,
    vendor: row.vendor,
    state: row.state,
    lines: row.lines,
    note: row.note,
    placedMs: row.placed_ms,
    wantedReadyMs: row.wanted_ready_ms,
    answerByMs: row.answer_by_ms,
    readyMs: row.ready_ms,
    estimateMs: row.estimate_ms,
    slotMs: row.slot_ms,
    acceptedMs: row.accepted_ms,
    startedMs: row.started_ms,
    doneMs: row.done_ms,
    reason: row.reason,
    cancelReason: row.cancel_reason,
    delayed: row.delayed,
    changedMs: row.changed_ms,
    version: row.version,
  };
}

function rowOf(ticket: Ticket): TicketRow {
  return {
    order_id: ticket.order,
    id: ticket.id,
    account: ticket.account,
    vendor: ticket.vendor,
    state: ticket.state,
    lines: ticket.lines,
    note: ticket.note,
    placed_ms: ticket.placedMs,
    wanted_ready_ms: ticket.wantedReadyMs,
    answer_by_ms: ticket.answerByMs,
    ready_ms: ticket.readyMs,
    estimate_ms: ticket.estimateMs,
    slot_ms: ticket.slotMs,
    accepted_ms: ticket.acceptedMs,
    started_ms: ticket.startedMs,
    done_ms: ticket.doneMs,
    reason: ticket.reason,
    cancel_reason: ticket.cancelReason,
    delayed: ticket.delayed,
    changed_ms: ticket.changedMs,
    version: ticket.version,
  };
}

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

/** Settings of vendors, as far as they are known. */
export async function settingsOf(
  db: Queryable,
  vendors: readonly VendorId[],
): Promise<Map<VendorId, VendorSettings>> {
  const rows: { id: VendorId; auto_accept: boolean }[] = await db('vendors')
    .whereRaw('id = ANY(?)', [[...new Set(vendors)]])
    .select('id', 'auto_accept');
  return new Map(rows.map(({ id, auto_accept }) => [id, { autoAccept: auto_accept }]));
}
