/** Follows what happens to deliveries and writes what each webhook is to be told of it. */
import type { AccountId } from '../../contracts/ids.ts';
import { newId } from '../../contracts/ids.ts';
import type { DeliveryChanged } from '../../contracts/messages/deliveries.ts';
import type { DeliveryChangedWebhook } from '../../contracts/webhooks.ts';
import type { Tokens } from '../../platform/auth/tokens.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { timeText, timeTextOrNull } from '../../platform/times.ts';
import * as queries from './message-queries.ts';
import { type Numbered, numberEvents } from './numbering.ts';
import { GIVE_UP_MS } from './retrying.ts';
import { listenersOf } from './webhook-queries.ts';

export interface FollowingDeps {
  readonly signer: Tokens;
  readonly trackingLinkMs: number;
  /** How the API is reached from outside. */
  readonly publicUrl: string;
}

/** Writes the messages of a batch: a fixed number of statements, and one where nobody listens. */
export async function follow(
  deps: FollowingDeps,
  trx: Transaction,
  entries: readonly EventEntry<DeliveryChanged>[],
): Promise<void> {
  const events = entries.flatMap(({ event }) => (event.type === 'delivery.changed' ? [event] : []));
  const accounts = [...new Set(events.map(({ account }) => account))];
  const listeners = await listenersOf(trx, accounts, 'delivery.changed');
  if (listeners.length === 0) return;
  const known = await queries.lockCounters(
    trx,
    listeners.map(({ id }) => id),
    [...new Set(events.map(({ delivery }) => delivery))],
  );
  const { numbered, counters } = numberEvents(events, listeners, known);
  if (numbered.length === 0) return;
  await queries.putCounters(trx, counters);
  const links = await linksOf(deps, numbered);
  await queries.insertMessages(
    trx,
    numbered.map((each) => messageOf(each, links.get(each.event.delivery) ?? '')),
    GIVE_UP_MS,
  );
}

/** One tracking link per delivery, whoever hears of it. */
async function linksOf(
  { signer, trackingLinkMs, publicUrl }: FollowingDeps,
  numbered: readonly Numbered[],
): Promise<Map<string, string>> {
  const deliveries = new Map(numbered.map(({ event }) => [event.delivery, event.account]));
  const signed = [...deliveries].map(async ([delivery, account]) => {
    const token = await signer.signTracking(delivery, account as AccountId, trackingLinkMs);
    return [delivery, `${publicUrl}/track/${token}`] as const;
  });
  return new Map(await Promise.all(signed));
}

function messageOf({ listener, event, number }: Numbered, link: string): queries.NewMessage {
  const id = newId('event');
  return {
    id,
    webhook: listener.id,
    delivery: event.delivery,
    number,
    delivery_state: event.state,
    body: JSON.stringify(bodyOf(event, id, number, link)),
    // What happens while a webhook is switched off is kept for when it asks.
    state: listener.enabled ? 'waiting' : 'held',
  };
}

function bodyOf(
  event: DeliveryChanged,
  id: string,
  number: number,
  trackingUrl: string,
): DeliveryChangedWebhook {
  const { delivery, externalId, state, driver, reason, times } = event;
  return {
    version: 1,
    id,
    type: 'delivery.changed',
    number,
    at: timeText(event.atMs),
    delivery: {
      ...{ id: delivery, externalId, state, driver, reason, trackingUrl },
      placedAt: timeTextOrNull(times?.placedMs ?? null),
      readyAt: timeTextOrNull(times?.readyMs ?? null),
      promiseAt: timeTextOrNull(times?.promiseMs ?? null),
      assignedAt: timeTextOrNull(times?.assignedMs ?? null),
      pickedUpAt: timeTextOrNull(times?.pickedUpMs ?? null),
      deliveredAt: timeTextOrNull(times?.deliveredMs ?? null),
      endedAt: timeTextOrNull(times?.endedMs ?? null),
    },
  };
}
