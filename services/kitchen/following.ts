/** The kitchen's part in the saga: answers `requests:kitchen` batch by batch, in one transaction. */
import { newId } from '../../contracts/ids.ts';
import { KITCHEN_STREAM, type KitchenAsked } from '../../contracts/messages/kitchen.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { enqueue } from '../../platform/outbox.ts';
import { answer } from './answering.ts';
import * as queries from './queries.ts';
import { changeOf } from './ticket.ts';

/** Handles a batch at zone time `nowMs`. Five statements, however many entries. */
export async function followRequests(
  trx: Transaction,
  entries: readonly EventEntry<KitchenAsked>[],
  nowMs: number,
): Promise<void> {
  const asked = entries.map(({ event }) => event);
  const tickets = await queries.lockTickets(
    trx,
    asked.map(({ order }) => order),
  );
  const vendors = asked.flatMap((event) => (event.type === 'ticket.open' ? [event.vendor] : []));
  const settings = await queries.settingsOf(trx, vendors);
  const newTicketId = () => newId('ticket');
  const { changed, told } = answer({ tickets, settings, nowMs, newTicketId }, asked);
  await queries.saveTickets(trx, changed, tickets);
  await enqueue(
    trx,
    told.flatMap(({ ticket, index }) => {
      const payload = changeOf(ticket);
      const correlation = entries[index]?.correlation ?? undefined;
      return payload === null
        ? []
        : [{ key: ticket.order, topic: KITCHEN_STREAM, payload, correlation }];
    }),
  );
}
