/** Stops made from deliveries. */
import type { Stop } from '../../../contracts/events.ts';
import { hash32 } from '../../../contracts/ids.ts';
import type { Delivery } from '../records.ts';

/** The stop id: derived from its delivery, so that every replay names it alike. */
export function stopOf(delivery: Delivery, kind: Stop['kind']): Stop {
  const place = kind === 'dropoff' ? delivery.request.dropoff : delivery.request.pickup;
  return {
    id: `stp_${delivery.id.slice(4, 32)}${hash32(`${delivery.id} ${kind}`).toString(16).padStart(8, '0')}`,
    kind,
    delivery: delivery.id,
    latE7: place.latE7,
    lonE7: place.lonE7,
    cell: place.cell,
    arrived: false,
  };
}
