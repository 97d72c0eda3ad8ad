/**
 * When parcels will be ready, for planning: what was told, corrected by what the zone has learned of
 * the vendor. The kitchen's own word is believed as it stands.
 */
import type { DeliveryRequest } from '../../../contracts/commands.ts';
import type { Delivery } from '../records.ts';
import type { Zone } from '../zone.ts';
import { below, excess, quantile } from './normal-law.ts';

/** A ready time as a normal law, zone ms. No spread: exactly its mean. */
export interface ReadyTime {
  readonly meanMs: number;
  readonly spreadMs: number;
  /** Part of the law that is still possible while somebody stands waiting for it; absent: all. */
  readonly left?: number;
}

/** Waited for longer than so many spreads past the mean, the law moves along with the time. */
const SPREADS_MOST = 3;

/** Names the vendor of a request; without one the account and the door stand for it. */
export function vendorKey({ vendor, account, pickup }: DeliveryRequest): string {
  return vendor ?? `${account} ${pickup.latE7} ${pickup.lonE7}`;
}

/** What is expected of a delivery's ready time, at zone time `atMs`. */
export function readyTimeOf(zone: Zone, delivery: Delivery, atMs: number): ReadyTime {
  const { readyMs, readySource, request, state, arrivedMs = atMs } = delivery;
  if (readySource === 'kitchen') return { meanMs: readyMs, spreadMs: 0 };
  const ready = learnedReadyTime(zone, request, readyMs);
  const isWaitedFor = state === 'at_pickup' && atMs - arrivedMs > zone.policy.pickupServiceMs;
  return isWaitedFor ? notBy(ready, atMs) : ready;
}

/** The same, given that it was not ready by a time. */
function notBy(ready: ReadyTime, atMs: number): ReadyTime {
  const { spreadMs } = ready;
  if (spreadMs === 0) return ready;
  const meanMs = Math.max(ready.meanMs, atMs - SPREADS_MOST * spreadMs);
  return { meanMs, spreadMs, left: 1 - below((atMs - meanMs) / spreadMs) };
}

/** The same for a time that is told with a request. */
export function learnedReadyTime(zone: Zone, request: DeliveryRequest, toldMs: number): ReadyTime {
  const isWord = request.readySource === 'kitchen';
  if (isWord || !zone.policy.learnReadyTimes) return { meanMs: toldMs, spreadMs: 0 };
  const { meanMs, spreadMs } = zone.kitchens.expect(vendorKey(request));
  return { meanMs: toldMs + meanMs, spreadMs };
}

/** When somebody who can take the parcel from `hereMs` on has it, on average: E max(here, ready). */
export function handedOutMs({ meanMs, spreadMs, left = 1 }: ReadyTime, hereMs: number): number {
  if (spreadMs === 0) return Math.max(hereMs, meanMs);
  return Math.round(hereMs + (spreadMs * excess((hereMs - meanMs) / spreadMs)) / left);
}

/**
 * The ready time to be there for. Of being early a driver's waiting is the cost, of being late the
 * customer's: the least is expected at the quantile wait ÷ (wait + delay) (the newsvendor's rule).
 */
export function leaveForMs(zone: Zone, { meanMs, spreadMs }: ReadyTime): number {
  if (spreadMs === 0) return meanMs;
  const { driverWaitPerMille, delayPerMille } = zone.config.weights;
  const both = driverWaitPerMille + delayPerMille;
  return Math.round(meanMs + spreadMs * quantile(both === 0 ? 0.5 : driverWaitPerMille / both));
}
