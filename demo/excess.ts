/**
 * How much longer a door took than any policy could have made it: the measure by which days of
 * different cities, and the full stack and the simulated clock, can be compared. Pure.
 */
import type { Scenario, ScenarioOrder } from './scenario.ts';
import { travelMs } from './travel.ts';

/** An order that nobody brings counts as this long from click to door (as MDRP scorers do). */
export const UNDELIVERED_MS = 180 * 60_000;

/** The fastest kind of vehicle that any courier of the scenario has. */
function fastest({ couriers, manners }: Scenario): ScenarioVehicle {
  const kinds = new Set(couriers.map(({ vehicle }) => vehicle));
  const [first = 'car', ...others] = kinds;
  const speed = (kind: ScenarioVehicle) => manners.speedMmps[kind];
  return others.reduce((best, kind) => (speed(kind) > speed(best) ? kind : best), first);
}

type ScenarioVehicle = Scenario['couriers'][number]['vehicle'];

/**
 * Gives, for an order, the earliest hand-over that any policy could reach if the order were alone:
 * ready, half of the service, straight to the door, half of the service. Zone ms since the start.
 */
export function leastDoor(scenario: Scenario): (order: ScenarioOrder) => number {
  const { manners, vendors } = scenario;
  const vehicle = fastest(scenario);
  const serviceMs = (manners.pickupServiceMs + manners.dropoffServiceMs) / 2;
  return (order) => {
    const from = vendors[order.vendor]?.at ?? order.dropoff;
    const rideMs = travelMs(from, order.dropoff, vehicle, manners);
    return Math.max(order.readyMs, order.placedMs) + serviceMs + rideMs;
  };
}
