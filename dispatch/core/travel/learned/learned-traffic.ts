/**
 * How much slower or faster than usual trips that ended lately were: over the whole city at three
 * speeds of forgetting (about 10 minutes, 1½ hours, 16 hours), and near each end of a trip. Kept as
 * a short history in steps of 5 minutes, so that a trip which is learned when it ends is studied
 * with the traffic that was known when it began, as an answer would have seen it.
 */
import type { Column, Columns } from './learned-columns.ts';
import { CONTEXT_REGIONS, CONTEXT_TRAFFIC, NO_CELL, type TripInputs } from './learned-inputs.ts';
import { LEARNED, mix32 } from './learned-shape.ts';

const SPEEDS = 3;
/** What is left of the past after one step of 5 minutes. */
const KEPT = [0.75, 0.96, 0.9965] as const;
/** Seconds of ordinary trips that pull towards "as usual", per speed. */
const CALM_SECONDS = [8_000, 20_000, 100_000] as const;
const REGION_KEPT = 0.9;
const REGION_CALM_SECONDS = 2_500;
/** One odd trip counts no more than this part of what it should have taken. */
const EXCESS_MAX = 0.8;
/** Without a finished trip for this many steps nothing is known of the traffic. */
const STALE_STEPS = 12;
/** The networks like inputs near one. */
const SCALE = 4;

export class LearnedTraffic {
  /** Per speed: seconds over the usual, usual seconds. Last: the current step, −1 before any. */
  private readonly city: Column<Float64Array>;
  private readonly regions: Column<Float64Array>;
  private readonly cityPast: Column<Float32Array>;
  private readonly regionsPast: Column<Float32Array>;

  constructor(columns: Columns) {
    this.city = columns.add(Float64Array, 1, 2 * SPEEDS + 1);
    this.regions = columns.add(Float64Array, 1, 4 * LEARNED.regions);
    this.cityPast = columns.add(Float32Array, LEARNED.trafficSlots, SPEEDS);
    this.regionsPast = columns.add(Float32Array, LEARNED.trafficSlots, 2 * LEARNED.regions);
    this.city.write(0)[2 * SPEEDS] = -1;
  }

  /** Moves on to the time of a finished trip. A gap longer than the history starts it anew. */
  advance(seconds: number): void {
    const now = Math.floor(seconds / LEARNED.trafficSlotSeconds);
    const last = this.city.read(0)[2 * SPEEDS] as number;
    if (now <= last) return;
    const from = last < 0 ? now : Math.max(last + 1, now - LEARNED.trafficSlots + 1);
    for (let step = from; step <= now; step++) this.close(step);
    this.city.write(0)[2 * SPEEDS] = now;
  }

  /** Writes the traffic known at the trip's start, or the latest before it, into its context. */
  describe(inputs: TripInputs): void {
    const { dense } = inputs;
    const last = this.city.read(0)[2 * SPEEDS] as number;
    const wanted = Math.floor(inputs.seconds / LEARNED.trafficSlotSeconds);
    const step = Math.min(wanted, last);
    const isKnown = step >= 0 && step > last - LEARNED.trafficSlots && wanted - last <= STALE_STEPS;
    const slot = isKnown ? step % LEARNED.trafficSlots : 0;
    const known = isKnown ? SCALE : 0;
    const cityPast = this.cityPast.read(slot);
    const city = this.cityPast.at(slot);
    for (let k = 0; k < SPEEDS; k++) {
      dense[CONTEXT_TRAFFIC + k] = known * (cityPast[city + k] as number);
    }
    const at = this.regionsPast.at(slot);
    const from = at + regionOf(inputs.fromCell);
    const to = at + LEARNED.regions + regionOf(inputs.toCell);
    const regionsPast = this.regionsPast.read(slot);
    const hasFrom = inputs.fromCell !== NO_CELL;
    const hasTo = inputs.toCell !== NO_CELL;
    dense[CONTEXT_REGIONS] = hasFrom ? known * (regionsPast[from] as number) : 0;
    dense[CONTEXT_REGIONS + 1] = hasTo ? known * (regionsPast[to] as number) : 0;
  }

  /** Takes in a trip that took `seconds` where `usual` were expected without any traffic. */
  learn(inputs: TripInputs, seconds: number, usual: number): void {
    const limit = usual * EXCESS_MAX;
    const excess = Math.max(-limit, Math.min(limit, seconds - usual));
    const city = this.city.write(0);
    for (let k = 0; k < SPEEDS; k++) addTo(city, 2 * k, excess, usual);
    const regions = this.regions.write(0);
    if (inputs.fromCell !== NO_CELL) {
      addTo(regions, 2 * regionOf(inputs.fromCell), excess, usual);
    }
    if (inputs.toCell !== NO_CELL) {
      const region = LEARNED.regions + regionOf(inputs.toCell);
      addTo(regions, 2 * region, excess, usual);
    }
  }

  /** Writes what is known into the history of a step that begins, and forgets a little. */
  private close(step: number): void {
    const slot = step % LEARNED.trafficSlots;
    const city = this.city.write(0);
    const cityPast = this.cityPast.write(slot);
    const cityAt = this.cityPast.at(slot);
    for (let k = 0; k < SPEEDS; k++) {
      const kept = KEPT[k] as number;
      const excess = (city[2 * k] as number) * kept;
      const usual = (city[2 * k + 1] as number) * kept;
      city[2 * k] = excess;
      city[2 * k + 1] = usual;
      cityPast[cityAt + k] = excess / (usual + (CALM_SECONDS[k] as number));
    }
    const ends = 2 * LEARNED.regions;
    const regions = this.regions.write(0);
    const regionsPast = this.regionsPast.write(slot);
    const at = this.regionsPast.at(slot);
    for (let region = 0; region < ends; region++) {
      const excess = (regions[2 * region] as number) * REGION_KEPT;
      const usual = (regions[2 * region + 1] as number) * REGION_KEPT;
      regions[2 * region] = excess;
      regions[2 * region + 1] = usual;
      regionsPast[at + region] = excess / (usual + REGION_CALM_SECONDS);
    }
  }
}

function addTo(sums: Float64Array, at: number, excess: number, usual: number): void {
  sums[at] = (sums[at] as number) + excess;
  sums[at + 1] = (sums[at + 1] as number) + usual;
}

function regionOf(cell: number): number {
  return cell === NO_CELL ? 0 : mix32(Math.floor(cell / 64)) & (LEARNED.regions - 1);
}
