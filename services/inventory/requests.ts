/**
 * What orders ask of stock by stream (`requests:inventory`), and what time alone asks: one
 * transaction per batch, whose rows are locked, decided over in memory and written back as sets.
 */
import type { MenuChanged } from '../../contracts/messages/catalog.ts';
import {
  INVENTORY_STREAM,
  type InventoryEvent,
  type StockAsked,
} from '../../contracts/messages/inventory.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { enqueue, type OutboxEntry } from '../../platform/outbox.ts';
import { type Asked, Ledger, type Reservation } from './ledger.ts';
import * as queries from './queries.ts';

/** Reservations whose time is over that one transaction gives back. */
const EXPIRED_MAX = 500;

interface Request {
  readonly asked: Asked;
  readonly correlation: string | null;
}

/** Handles a batch in its transaction; `onAnswer` is told what is answered, before it is sure. */
export async function follow(
  trx: Transaction,
  entries: readonly EventEntry<StockAsked>[],
  onAnswer: (answer: InventoryEvent) => void = () => {},
): Promise<void> {
  const reservations = await queries.lockReservations(
    trx,
    entries.map(({ event }) => event.order),
  );
  const requests = entries.map(({ event: asked, correlation }) => ({ asked, correlation }));
  for (const answer of await settle(trx, reservations, requests)) onAnswer(answer);
}

/** Products that left their menu are not counted any more. */
export async function followMenus(
  trx: Transaction,
  entries: readonly EventEntry<MenuChanged>[],
): Promise<void> {
  const removed = entries.flatMap(({ event }) => event.removed);
  const records = await queries.lockStock(trx, removed);
  await queries.removeStock(trx, records);
}

/** Gives back what was reserved for too long; true when there may be more. */
export async function expire(database: Database, nowMs: number): Promise<boolean> {
  return database.transaction(async (trx) => {
    const due = await queries.lockDue(trx, nowMs, EXPIRED_MAX);
    const requests = due.map(({ order }): Request => {
      return { asked: { type: 'stock.expire', order }, correlation: null };
    });
    if (requests.length > 0) await settle(trx, due, requests);
    return due.length === EXPIRED_MAX;
  });
}

/** Decides one request after the other over locked rows, and writes what came of them. */
async function settle(
  trx: Transaction,
  reservations: readonly Reservation[],
  requests: readonly Request[],
): Promise<readonly InventoryEvent[]> {
  const wanted = requests.flatMap(({ asked }) =>
    asked.type === 'stock.reserve' ? asked.lines.map(({ product }) => product) : [],
  );
  const taken = reservations.flatMap(({ lines }) => lines.map(({ product }) => product));
  const stock = await queries.lockStock(trx, [...wanted, ...taken]);
  const ledger = new Ledger(stock, reservations);
  const answers = requests.flatMap(({ asked, correlation }) => {
    const answer = ledger.take(asked);
    return answer === undefined ? [] : [{ order: asked.order, answer, correlation }];
  });
  const levels = ledger.levelNews().map((news) => told(news.product, news, null));
  const entries = answers.map(({ order, answer, correlation }) => told(order, answer, correlation));
  await Promise.all([
    queries.putReservations(trx, ledger.changedReservations(), reservations),
    queries.updateStock(trx, ledger.changedStock()),
    enqueue(trx, [...entries, ...levels]),
  ]);
  return answers.map(({ answer }) => answer);
}

/** An event as it leaves by the outbox; order is kept among those of one order or product. */
export function told(key: string, event: InventoryEvent, correlation: string | null): OutboxEntry {
  return { key, topic: INVENTORY_STREAM, payload: event, correlation: correlation ?? undefined };
}
