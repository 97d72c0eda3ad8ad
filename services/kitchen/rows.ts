/** Tickets as rows of their table, as values of the rules, and as the API shows them. */
import type { TicketView } from '../../contracts/api/kitchen.ts';
import type { AccountId, OrderId, TicketId, VendorId } from '../../contracts/ids.ts';
import type { TicketLine, TicketState } from '../../contracts/messages/kitchen.ts';
import { timeText, timeTextOrNull } from '../../platform/times.ts';
import type { Ticket } from './ticket.ts';

/** A row of `tickets`, column by column; the types are those of json_to_recordset. */
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
export const NAMES = Object.keys(COLUMNS);
/** For json_to_recordset. */
export const RECORD = Object.entries(COLUMNS)
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
  /** Zone ms when the parcel left; of `collected`, not the ticket's own business. */
  readonly collected_ms: number | null;
}

/** A row of `tickets`: what its moves write. */
export type TicketColumns = Omit<TicketRow, 'collected_ms'>;

export function ticketOf(row: TicketColumns): Ticket {
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

export function rowOf(ticket: Ticket): TicketColumns {
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

/** A ticket as its vendor sees it; a tombstone is shown to nobody. */
export function ticketView(row: TicketRow): TicketView {
  return {
    id: row.id,
    order: row.order_id,
    account: row.account ?? '',
    vendor: row.vendor ?? '',
    state: row.state,
    lines: row.lines.map(({ details, ...line }) => ({ ...line, details: [...details] })),
    note: row.note,
    placedAt: timeText(row.placed_ms),
    wantedReadyAt: timeText(row.wanted_ready_ms),
    answerBy: timeText(row.answer_by_ms),
    readyAt: timeTextOrNull(row.ready_ms),
    estimateAt: timeTextOrNull(row.estimate_ms),
    acceptedAt: timeTextOrNull(row.accepted_ms),
    startedAt: timeTextOrNull(row.started_ms),
    collectedAt: timeTextOrNull(row.collected_ms),
    delayed: row.delayed,
    reason: row.reason,
    cancelReason: row.cancel_reason,
    changedAt: timeText(row.changed_ms),
    version: row.version,
  };
}
