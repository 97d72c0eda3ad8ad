/** The vendor's board: reading tickets, and moving one under its row's lock. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type {
  TicketAccept,
  TicketDelay,
  TicketList,
  TicketQuery,
  TicketReject,
  TicketView,
} from '../../contracts/api/kitchen.ts';
import type { Vendor } from '../../contracts/api/vendors.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { KITCHEN_STREAM } from '../../contracts/messages/kitchen.ts';
import type { Database } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { Call } from '../../platform/service.ts';
import { recount, slotFor } from './answering.ts';
import { windowOf } from './capacity.ts';
import { loadKitchens, tellThrottling } from './kitchens.ts';
import * as queries from './queries.ts';
import { rowOf, ticketOf, ticketView } from './rows.ts';
import { changeOf, type Move, moveTicket, type Ticket } from './ticket.ts';
import { accountOf, type KitchenVendor } from './vendor-queries.ts';

export interface KitchenDeps {
  readonly database: Database;
  /** Zone ms. */
  readonly nowMs: () => Promise<number>;
}

export async function list(
  { database }: KitchenDeps,
  params: TicketQuery,
  call: Call,
): Promise<TicketList> {
  await checkVendor(database, params.vendor, call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.TicketFilter = {
    vendor: params.vendor,
    state: params.state,
    live: params.live === true,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listTickets(database.knex, filter, limit + 1), limit);
  return { items: page.rows.map(ticketView), next: page.next };
}

/** Vendors come by stream; one that has not come yet is asked for. */
async function checkVendor({ knex }: Database, id: string, call: Call): Promise<void> {
  const known = await accountOf(knex, id);
  const account =
    known ?? (await call.call<Vendor>('vendors.get', { id }, { kind: 'system' })).account;
  if (!sees(call, account)) throw new WaggleError('resource.not_found');
}

export async function get({ database }: KitchenDeps, id: string, call: Call): Promise<TicketView> {
  const row = await queries.ticketById(database.knex, id);
  if (row === undefined || !sees(call, row.account)) throw new WaggleError('resource.not_found');
  return ticketView(row);
}

/** Accepts with the vendor's own word, or with the next time its capacity allows. */
export function accept(deps: KitchenDeps, params: TicketAccept, call: Call): Promise<TicketView> {
  return moveOne(deps, params.id, call, (ticket, kitchen, nowMs) => {
    const { capacity, taken } = kitchen;
    if (params.readyInSeconds !== undefined) {
      return { kind: 'accept', ...ownWord(kitchen, nowMs + params.readyInSeconds * 1_000) };
    }
    // Not open any more: the move itself says what becomes of it.
    if (ticket.state !== 'open') return { kind: 'accept', readyMs: nowMs, slotMs: null };
    const slot = slotFor(capacity, taken, Math.max(ticket.wantedReadyMs, nowMs));
    if (slot !== null) return { kind: 'accept', ...slot };
    throw new WaggleError('resource.conflict', 'the kitchen is full: name a time, or reject it');
  });
}

export function reject(deps: KitchenDeps, params: TicketReject, call: Call): Promise<TicketView> {
  const { id, code, text } = params;
  return moveOne(deps, id, call, () => ({ kind: 'reject', code, text }));
}

export function start(deps: KitchenDeps, id: string, call: Call): Promise<TicketView> {
  return moveOne(deps, id, call, () => ({ kind: 'start' }));
}

export function ready(deps: KitchenDeps, id: string, call: Call): Promise<TicketView> {
  return moveOne(deps, id, call, () => ({ kind: 'ready' }));
}

export function delay(deps: KitchenDeps, params: TicketDelay, call: Call): Promise<TicketView> {
  return moveOne(deps, params.id, call, (_ticket, kitchen, nowMs) => ({
    kind: 'delay',
    ...ownWord(kitchen, nowMs + params.readyInSeconds * 1_000),
  }));
}

interface Kitchen {
  readonly capacity: KitchenVendor['capacity'];
  readonly taken: Map<number, number> | undefined;
}

/** What a person says stands, also over the capacity; it counts in its window all the same. */
function ownWord(
  { capacity }: Kitchen,
  readyMs: number,
): { readonly readyMs: number; readonly slotMs: number | null } {
  return { readyMs, slotMs: capacity === null ? null : windowOf(capacity, readyMs) };
}

/** People and API keys of the ticket's account, and ops. */
function sees({ caller }: Call, account: string | null): boolean {
  if (account === null) return false;
  if (caller.kind === 'api_key') return caller.account === account;
  if (caller.kind !== 'user') return false;
  return caller.role === 'ops' || (caller.role === 'vendor' && caller.account === account);
}

type Decide = (ticket: Ticket, kitchen: Kitchen, nowMs: number) => Move;

/** Moves one ticket and tells it. Throws `resource.conflict` when its state does not allow it. */
async function moveOne(
  { database, nowMs: clock }: KitchenDeps,
  id: string,
  call: Call,
  decide: Decide,
): Promise<TicketView> {
  const nowMs = await clock();
  return database.transaction(async (trx) => {
    const row = await queries.lockTicket(trx, id);
    if (row === undefined || row.vendor === null || !sees(call, row.account)) {
      throw new WaggleError('resource.not_found');
    }
    const ticket = ticketOf(row);
    const kitchens = await loadKitchens(trx, [row.vendor], nowMs);
    const capacity = kitchens.vendors.get(row.vendor)?.capacity ?? null;
    const taken = kitchens.taken.get(row.vendor);
    const move = decide(ticket, { capacity, taken }, nowMs);
    const moved = moveTicket(ticket, move, nowMs);
    if (moved === 'unchanged') return ticketView(row);
    if (moved === 'refused') {
      throw new WaggleError('resource.conflict', `a ticket that is ${row.state}: no ${move.kind}`);
    }
    const now = moved.ticket;
    await queries.saveTickets(trx, [now], new Map([[ticket.order, ticket]]));
    recount(kitchens.taken, ticket, now);
    await tellThrottling(trx, kitchens, nowMs);
    const payload = changeOf(now);
    const correlation = call.correlationId;
    await enqueue(trx, [{ key: ticket.order, topic: KITCHEN_STREAM, payload, correlation }]);
    return ticketView({ ...rowOf(now), collected_ms: row.collected_ms });
  });
}
