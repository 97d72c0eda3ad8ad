/**
 * What a customer is told when the driver is found and when the parcel is picked up, as an event: the
 * ranges that are judged at the door, and what projections show.
 */
import type { DeliveryId } from '../../../contracts/ids.ts';
import { changeDelivery, type EventOf } from '../change.ts';
import type { Decision } from '../decision.ts';
import type { Zone } from '../zone.ts';
import { etaRange } from './eta.ts';
import { type EtaStage, withTold } from './eta-record.ts';

/** Emits the range as it is now. Nothing while the driver's place is not known. */
export function tellEta(step: Decision, id: DeliveryId, stage: EtaStage): void {
  const delivery = step.delivery(id);
  const range = delivery && etaRange(step.zone, delivery, step.atMs);
  if (delivery && range) step.emit({ type: 'eta.told', delivery: delivery.id, stage, ...range });
}

export function etaTold(zone: Zone, event: EventOf<'eta.told'>, atMs: number): void {
  const { delivery: id, stage, likelyMs, fromMs, toMs } = event;
  const delivery = zone.deliveries.get(id);
  if (!delivery) return;
  zone.shownEtas.set(id, { range: { likelyMs, fromMs, toMs }, lookedMs: atMs });
  changeDelivery(zone, id, { told: withTold(delivery.told, { stage, atMs, fromMs, toMs }) });
}

/** A delivery ended: what it was told is judged where it came to its door. */
export function judgeTold(zone: Zone, event: EventOf<'delivery.ended'>, atMs: number): void {
  zone.shownEtas.delete(event.delivery);
  if (event.state !== 'delivered') return;
  for (const told of zone.deliveries.get(event.delivery)?.told ?? []) zone.etas.judge(told, atMs);
}
