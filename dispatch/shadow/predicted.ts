/**
 * Decides a live round again: once with the zone's own weights and once with the shadow's, from the
 * same state and the same recorded input, and says what each side's plans would come to. Reads the
 * zone and changes nothing. Both searches draw the same random numbers, so the same weights find the
 * same plans.
 */
import type { DeliveryId } from '../../contracts/ids.ts';
import type { PlanFigures, PredictedFigures, ZoneShadow } from '../../contracts/shadow.ts';
import type { Weights, ZoneConfig } from '../../contracts/zone.ts';
import type { ZoneInput } from '../core/input.ts';
import { ChainCosts, type Run } from '../core/matching/chains.ts';
import { type Problem, problemOf } from '../core/matching/problem.ts';
import { stopsOf, think } from '../core/matching/round.ts';
import type { ChainSearch } from '../core/matching/search.ts';
import { finder } from '../core/plans/insertion.ts';
import { drive } from '../core/plans/schedule.ts';
import type { Delivery } from '../core/records.ts';
import { stackMax, type Zone } from '../core/zone.ts';

export type RoundInput = Extract<ZoneInput, { kind: 'round' }>;

/** The zone's configuration as it would be with the shadow's weights and limits. */
export function shadowConfig(config: ZoneConfig, shadow: ZoneShadow): ZoneConfig {
  // The version stays: it seeds the search, and both sides must draw the same.
  const weights: Weights = { ...shadow.weights, version: config.weights.version };
  return { ...config, weights, policy: { ...config.policy, ...shadow.policy } };
}

/** A zone to read that differs in its configuration only; it shares everything else with the first. */
function withConfig(zone: Zone, config: ZoneConfig): Zone {
  return Object.create(zone, { config: { value: config } }) as Zone;
}

/** What one side predicts for a delivery; zone ms. */
interface Prospect {
  readonly slot: number;
  readonly pickupMs: number;
  readonly doorMs: number;
}

/** Sums over rounds: costs over all open deliveries, times over those that both sides seat. */
interface PlanSums {
  costUnderLive: number;
  costUnderShadow: number;
  pickupDelayMs: number;
  doorDelayMs: number;
  lateMs: number;
  unseated: number;
}

interface Side {
  readonly zone: Zone;
  readonly problem: Problem;
  readonly search: ChainSearch;
  readonly prospects: ReadonlyMap<DeliveryId, Prospect>;
}

function decide(zone: Zone, round: RoundInput, atMs: number): Side {
  const problem = problemOf(zone, round, atMs);
  const model = new ChainCosts(zone, stackMax(zone));
  const search = think(zone, problem, model, round.greedy === true);
  return { zone, problem, search, prospects: prospectsOf(zone, problem, search, atMs) };
}

/** When each delivery that is not committed yet would be picked up, and be at its door. */
function prospectsOf(
  zone: Zone,
  problem: Problem,
  search: ChainSearch,
  knownMs: number,
): ReadonlyMap<DeliveryId, Prospect> {
  const prospects = new Map<DeliveryId, Prospect>();
  const find = finder(zone, []);
  problem.carriers.forEach(({ slot, from, freeMs }, index) => {
    const driver = problem.drivers[index];
    const chain: readonly Run[] = search.chains[index] ?? [];
    if (!driver || chain.length === 0) return;
    const open = new Set(
      chain.flat().flatMap((task) => (task.fixedTo === null ? task.unit.map(({ id }) => id) : [])),
    );
    const { vehicleKind: vehicle } = driver.profile;
    const departure = { from, atMs: freeMs, vehicle, knownMs };
    const stops = chain.flatMap((run) => stopsOf(driver, run));
    const pickups = new Map<DeliveryId, number>();
    for (const { stop, doneMs } of drive(zone, departure, stops, find)) {
      if (!open.has(stop.delivery)) continue;
      if (stop.kind === 'pickup') pickups.set(stop.delivery, doneMs);
      const pickupMs = pickups.get(stop.delivery);
      if (stop.kind === 'dropoff' && pickupMs !== undefined) {
        prospects.set(stop.delivery, { slot, pickupMs, doorMs: doneMs });
      }
    }
  });
  return prospects;
}

/** Cost of a side's plans under some weights, weighted seconds; its limits stay its own. */
function costOf({ zone, problem, search }: Side, weights: Weights, other: Problem): number {
  const model = new ChainCosts(withConfig(zone, { ...zone.config, weights }), stackMax(zone));
  const stayOut = new Map(other.tasks.map((task) => [task.unit[0]?.id, task.stayOut]));
  let cost = 0;
  problem.carriers.forEach((carrier, index) => {
    const chain = model.cost(carrier, search.chains[index] ?? []);
    // A committed run stays whatever it costs now; where it breaks a limit it has no cost.
    if (Number.isFinite(chain)) cost += chain;
  });
  for (const task of problem.tasks) {
    if (task.fixedTo !== null || search.carrierOf[task.index] !== -1) continue;
    cost += stayOut.get(task.unit[0]?.id) ?? task.stayOut;
  }
  return cost / 1_000_000;
}

/** Adds what a side predicts for a delivery. */
function addProspect(sums: PlanSums, delivery: Delivery, prospect: Prospect): void {
  const baseMs = Math.max(delivery.readyMs, delivery.request.placedMs);
  sums.pickupDelayMs += prospect.pickupMs - baseMs;
  sums.doorDelayMs += prospect.doorMs - baseMs;
  sums.lateMs += Math.max(0, prospect.doorMs - delivery.promiseMs);
}

/** All that is known of rounds; plain data, so that it can be kept. */
export interface PredictedSums {
  rounds: number;
  deliveries: number;
  seatedByBoth: number;
  moved: number;
  readonly live: PlanSums;
  readonly shadow: PlanSums;
}

/** Adds rounds up. Its memory is a handful of sums. */
export class Predicted {
  readonly sums: PredictedSums;

  /** @param kept goes on from these */
  constructor(kept?: PredictedSums) {
    const counts = { rounds: 0, deliveries: 0, seatedByBoth: 0, moved: 0 };
    this.sums = kept ?? { ...counts, live: noSums(), shadow: noSums() };
  }

  /** Decides a round of `zone` again; the zone must stand as it did when the round was decided. */
  take(zone: Zone, shadow: ZoneShadow, round: RoundInput, atMs: number): void {
    const { sums } = this;
    const ours = decide(zone, round, atMs);
    const open = ours.problem.tasks.filter((task) => task.fixedTo === null);
    if (open.length === 0) return;
    const theirs = decide(withConfig(zone, shadowConfig(zone.config, shadow)), round, atMs);
    for (const [into, side] of [[sums.live, ours] as const, [sums.shadow, theirs] as const]) {
      into.costUnderLive += costOf(side, ours.zone.config.weights, ours.problem);
      into.costUnderShadow += costOf(side, theirs.zone.config.weights, theirs.problem);
    }
    sums.rounds++;
    for (const delivery of open.flatMap((task) => task.unit)) {
      sums.deliveries++;
      const a = ours.prospects.get(delivery.id);
      const b = theirs.prospects.get(delivery.id);
      if (!a) sums.live.unseated++;
      if (!b) sums.shadow.unseated++;
      if (!a || !b) continue;
      sums.seatedByBoth++;
      if (a.slot !== b.slot) sums.moved++;
      addProspect(sums.live, delivery, a);
      addProspect(sums.shadow, delivery, b);
    }
  }

  figures(): PredictedFigures | null {
    const { live, shadow, ...counts } = this.sums;
    if (counts.rounds === 0) return null;
    return { ...counts, live: meansOf(live, counts), shadow: meansOf(shadow, counts) };
  }
}

function noSums(): PlanSums {
  return {
    costUnderLive: 0,
    costUnderShadow: 0,
    pickupDelayMs: 0,
    doorDelayMs: 0,
    lateMs: 0,
    unseated: 0,
  };
}

function meansOf(
  sums: PlanSums,
  { deliveries, seatedByBoth }: { readonly deliveries: number; readonly seatedByBoth: number },
): PlanFigures {
  const seated = Math.max(1, seatedByBoth);
  return {
    costUnderLive: Math.round((sums.costUnderLive / deliveries) * 10) / 10,
    costUnderShadow: Math.round((sums.costUnderShadow / deliveries) * 10) / 10,
    pickupDelayMs: Math.round(sums.pickupDelayMs / seated),
    doorDelayMs: Math.round(sums.doorDelayMs / seated),
    lateMs: Math.round(sums.lateMs / seated),
    unseated: sums.unseated,
  };
}
