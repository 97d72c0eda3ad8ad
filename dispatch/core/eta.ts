/** When a customer can expect the driver: the whole chain of stops, ready time and service times. */
import type { PointE7 } from '../../contracts/geo.ts';
import { finder } from './insertion.ts';
import type { Delivery } from './records.ts';
import { drive } from './schedule.ts';
import type { Zone } from './zone.ts';

/**
 * Zone ms at which the delivery is expected at its door, or null while no driver has it. `from`: a
 * fresher position than the recorded fix, where the caller has one.
 */
export function etaMs(zone: Zone, delivery: Delivery, atMs: number, from?: PointE7): number | null {
  if (delivery.driver === null) return null;
  const driver = zone.driver(delivery.driver);
  const start = from ?? driver?.fix;
  if (!driver || !start) return null;
  const departure = { from: start, atMs, vehicle: driver.profile.vehicleKind };
  const times = drive(zone, departure, driver.plan.stops, finder(zone, [delivery]));
  const own = times.filter((t) => t.stop.delivery === delivery.id).at(-1);
  return own?.doneMs ?? null;
}
