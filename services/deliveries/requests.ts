/**
 * What other services ask of deliveries by stream (`requests:deliveries`): one wanted, one called
 * off, a better ready time. Once per entry; the numbered commands in between are the engine's.
 */
import { WaggleError } from '../../contracts/errors.ts';
import type {
  DeliveryAsked,
  DeliveryReadyAt,
  DeliveryUnwanted,
} from '../../contracts/messages/deliveries.ts';
import { isAboard, isEnded } from '../../contracts/states.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { createWanted, type DeliveriesDeps } from './creation.ts';
import * as queries from './queries.ts';

/** Handles a batch in its transaction; the relay is woken once it has committed. */
export async function follow(
  deps: DeliveriesDeps,
  trx: Transaction,
  entries: readonly EventEntry<DeliveryAsked>[],
): Promise<void> {
  for (const { id, correlation, event } of entries) {
    const trace = correlation ?? id;
    if (event.type === 'delivery.wanted') await createWanted(deps, trx, event, trace);
    else await steer(trx, event, trace);
  }
}

/** What comes too late changes nothing: the delivery tells its own end. */
async function steer(
  trx: Transaction,
  event: DeliveryUnwanted | DeliveryReadyAt,
  correlation: string,
): Promise<void> {
  const row = await queries.lockDelivery(trx, event.id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  if (isEnded(row.state) || isAboard(row.state)) return;
  const { id } = event;
  await queries.addCommand(
    trx,
    id,
    (number) =>
      event.type === 'delivery.unwanted'
        ? { type: 'delivery.cancel', number, delivery: id, code: event.code, fault: event.fault }
        : {
            type: 'delivery.ready',
            number,
            delivery: id,
            readyMs: event.readyMs,
            readySource: 'kitchen',
          },
    correlation,
  );
}
