/**
 * When parcels will be ready, for planning: what was told, corrected by what the zone has learned of
 * the vendor. The kitchen's own word is believed as it stands.
 */
import type { DeliveryRequest } from '../../contracts/commands.ts';
import type { Delivery } from './records.ts';
import type { Zone } from './zone.ts';

/** A ready time as a distribution: `centreMs` + `scale` × a residual of the zone. */
export interface ReadyTime {
  readonly centreMs: number;
  /** 0: exactly `centreMs`. */
  readonly scale: number;
}

/** Names the vendor of a request; without one the account and the door stand for it. */
export function vendorKey({ vendor, account, pickup }: DeliveryRequest): string {
  return vendor ?? `${account} ${pickup.latE7} ${pickup.lonE7}`;
}

/** What is expected of a delivery's ready time. */
export function readyTimeOf(zone: Zone, delivery: Delivery): ReadyTime {
  const { readyMs, readySource, request } = delivery;
  if (readySource === 'kitchen') return { centreMs: readyMs, scale: 0 };
  return learnedReadyTime(zone, request, readyMs);
}

/** The same for a time that is told with a request. */
export function learnedReadyTime(zone: Zone, request: DeliveryRequest, toldMs: number): ReadyTime {
  if (!zone.policy.learnReadyTimes) return { centreMs: toldMs, scale: 0 };
  const { errorMs, scale } = zone.kitchens.expect(vendorKey(request));
  return { centreMs: toldMs + errorMs, scale };
}

/** The mean ready time, zone ms. */
export function expectedReadyMs(zone: Zone, { centreMs, scale }: ReadyTime): number {
  return scale === 0 ? centreMs : Math.round(centreMs + scale * zone.kitchens.residuals.meanMs());
}

/** When somebody who can take the parcel from `hereMs` on will have it, on average: E max(here, ready). */
export function handedOutMs(zone: Zone, { centreMs, scale }: ReadyTime, hereMs: number): number {
  if (scale === 0) return Math.max(hereMs, centreMs);
  const excessMs = zone.kitchens.residuals.excessMs((hereMs - centreMs) / scale);
  return Math.round(hereMs + scale * excessMs);
}

/**
 * The ready time to be there for. Of being early a driver's waiting is the cost, of being late the
 * customer's: the least is expected at the quantile wait ÷ (wait + delay) (the newsvendor's rule).
 */
export function leaveForMs(zone: Zone, { centreMs, scale }: ReadyTime): number {
  if (scale === 0) return centreMs;
  const { driverWaitPerMille, delayPerMille } = zone.config.weights;
  const both = driverWaitPerMille + delayPerMille;
  const perMille = both === 0 ? 500 : (1000 * driverWaitPerMille) / both;
  return Math.round(centreMs + scale * zone.kitchens.residuals.quantileMs(perMille));
}
