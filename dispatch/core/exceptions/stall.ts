/**
 * What is done about a driver who does not get nearer to its pickup. First ops and the driver are
 * told; only later, and only when another driver is expected there clearly sooner, the pickup is
 * taken away, so that plans do not flap. What is aboard, and who says to have picked up, always wins.
 */
import type { Stop } from '../../../contracts/events.ts';
import type { DeliveryId } from '../../../contracts/ids.ts';
import { isRelievedOften, unassign } from '../commands/moves.ts';
import type { Decision } from '../decision.ts';
import type { ZoneInput } from '../input.ts';
import { availability, eligibility } from '../matching/eligibility.ts';
import { departureOf, finder, isWithinCapacity } from '../plans/insertion.ts';
import { drive } from '../plans/schedule.ts';
import { stopOf } from '../plans/stops.ts';
import type { Delivery, Driver } from '../records.ts';
import { autoAssigns } from '../zone.ts';
import { clear, raise } from './raising.ts';

type Stalled = Extract<ZoneInput, { kind: 'stalled' }>;

/** A told driver keeps its pickups for this part of `stallMs` at least. */
const GRACE_PART = 2;

export function decideStalled(step: Decision, input: Stalled): void {
  if (input.fixes.length > 0) step.emit({ type: 'driver.fix', fixes: input.fixes });
  const relief = new Relief(step, new Map(input.candidates));
  for (const { slot, stop, sinceMs } of input.drivers) {
    const driver = step.zone.drivers[slot];
    const [next] = driver?.plan.stops ?? [];
    if (!driver || next?.id !== stop || next.kind !== 'pickup' || next.arrived) continue;
    if (sinceMs === null) {
      movesAgain(step, driver, stop);
    } else if (!driver.stall) tell(step, driver, next, sinceMs);
    else if (step.atMs - driver.stall.toldMs >= step.zone.policy.stallMs / GRACE_PART) {
      relief.consider(driver);
    }
  }
}

function movesAgain(step: Decision, driver: Driver, stop: Stop['id']): void {
  if (!driver.stall) return;
  step.emit({ type: 'driver.stalled', driver: driver.id, stop, sinceMs: null });
  for (const { delivery } of driver.plan.stops) clear(step, delivery, 'stalled');
}

/** Tells ops and the app, unless the driver would still be there in time if it left now. */
function tell(step: Decision, driver: Driver, next: Stop, sinceMs: number): void {
  const ahead = pickupsAhead(step, driver);
  const first = ahead.find(({ stop }) => stop.id === next.id);
  if (!first || first.arriveMs <= first.delivery.readyMs) return;
  step.emit({ type: 'driver.stalled', driver: driver.id, stop: next.id, sinceMs });
  for (const { delivery } of ahead) raise(step, delivery, 'stalled');
}

interface PickupAhead {
  readonly stop: Stop;
  readonly delivery: Delivery;
  /** When the driver is there if it leaves now, zone ms. */
  readonly arriveMs: number;
}

/** Pickups of the plan that the driver has not reached, with when it would. */
function pickupsAhead(step: Decision, driver: Driver): PickupAhead[] {
  const { zone, atMs } = step;
  const departure = departureOf(zone, driver, atMs);
  if (!departure) return [];
  return drive(zone, departure, driver.plan.stops, finder(zone, [])).flatMap(
    ({ stop, arriveMs }) => {
      const delivery = zone.deliveries.get(stop.delivery);
      if (stop.kind !== 'pickup' || delivery?.state !== 'assigned') return [];
      return [{ stop, delivery, arriveMs }];
    },
  );
}

/** Takes pickups from those who do not come. A driver helps out once in a step. */
class Relief {
  private readonly step: Decision;
  private readonly near: ReadonlyMap<DeliveryId, readonly number[]>;
  private readonly counted = new Set<number>();

  constructor(step: Decision, near: ReadonlyMap<DeliveryId, readonly number[]>) {
    this.step = step;
    this.near = near;
  }

  consider(driver: Driver): void {
    const { step } = this;
    const { policy } = step.zone;
    // Who has stood for so long is expected to stand as long again.
    const stoodMs = step.atMs - (driver.stall?.sinceMs ?? step.atMs);
    const isSilent = driver.silence !== 'live';
    let relieved = false;
    for (const unit of unitsOf(pickupsAhead(step, driver))) {
      const [first] = unit;
      if (!first || unit.some(({ delivery }) => isRelievedOften(delivery))) continue;
      const { readyMs } = first.delivery;
      const helper = this.soonest(
        driver,
        unit.map(({ delivery }) => delivery),
      );
      if (!helper) continue;
      const helperMs = Math.max(helper.arriveMs, readyMs);
      const ownMs = Math.max(first.arriveMs + stoodMs, readyMs);
      if (!isSilent && helperMs + policy.stallGainMs > ownMs) continue;
      this.counted.add(helper.slot);
      const coolUntilMs = step.atMs + policy.declineCoolDownMs;
      for (const { delivery } of unit) unassign(step, delivery, 'stalled', coolUntilMs);
      relieved = true;
    }
    if (!relieved || policy.restMs === 0) return;
    const untilMs = step.atMs + policy.restMs;
    step.emit({ type: 'driver.rests', driver: driver.id, untilMs, why: 'stalled' });
  }

  /** The idle driver who would be at the first pickup soonest; ties by the order of the input. */
  private soonest(
    from: Driver,
    unit: readonly Delivery[],
  ): { readonly slot: number; readonly arriveMs: number } | null {
    const [first] = unit;
    let best: { slot: number; arriveMs: number } | null = null;
    for (const slot of first ? (this.near.get(first.id) ?? []) : []) {
      const driver = this.step.zone.drivers[slot];
      if (!first || !driver || driver.id === from.id || !this.mayHelp(driver, unit)) continue;
      const arriveMs = this.arrivalOf(driver, first);
      if (arriveMs !== null && (best === null || arriveMs < best.arriveMs))
        best = { slot, arriveMs };
    }
    return best;
  }

  private mayHelp(driver: Driver, unit: readonly Delivery[]): boolean {
    const { zone, atMs } = this.step;
    if (this.counted.has(driver.slot) || driver.plan.stops.length > 0) return false;
    // Whoever the last round has other plans for is not free.
    if (zone.thoughts.has(driver.id)) return false;
    if (availability(driver, !autoAssigns(zone), atMs) !== null) return false;
    if (unit.some((delivery) => eligibility(driver, delivery, atMs) !== null)) return false;
    const stops = [
      ...unit.map((delivery) => stopOf(delivery, 'pickup')),
      ...unit.map((delivery) => stopOf(delivery, 'dropoff')),
    ];
    return isWithinCapacity(driver, stops, finder(zone, unit));
  }

  private arrivalOf(driver: Driver, delivery: Delivery): number | null {
    const { zone, atMs } = this.step;
    const departure = departureOf(zone, driver, atMs);
    if (!departure) return null;
    const { from, vehicle } = departure;
    const askingMs = autoAssigns(zone) ? 0 : Math.floor(zone.policy.offerTtlMs / 2);
    const leaveMs = departure.atMs + askingMs;
    const arriveMs = leaveMs + zone.travel.ms(from, delivery.request.pickup, vehicle, leaveMs);
    return arriveMs > (driver.profile.untilMs ?? Number.POSITIVE_INFINITY) ? null : arriveMs;
  }
}

/** Pickups that go together: those of a group, if none of it has been reached; else each alone. */
function unitsOf(ahead: readonly PickupAhead[]): PickupAhead[][] {
  const units = new Map<string, PickupAhead[]>();
  for (const each of ahead) {
    const { group, account } = each.delivery.request;
    const key = group ? `${account} ${group.id}` : each.delivery.id;
    const unit = units.get(key);
    if (unit) unit.push(each);
    else units.set(key, [each]);
  }
  return [...units.values()].filter(
    (unit) => unit.length === (unit[0]?.delivery.request.group?.size ?? 1),
  );
}
