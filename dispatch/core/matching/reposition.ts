/**
 * Sends idle drivers to where the next pickups are likely: one at a time the one whose going shortens
 * the mean way from the nearest idle driver to a pickup the most, for what its own way costs. It
 * decides from the state alone, and it commits nobody: who is sent stays idle.
 */
import type { ZonePolicy } from '../../../contracts/zone.ts';
import type { Decision } from '../decision.ts';
import type { Driver } from '../records.ts';
import type { Zone } from '../zone.ts';
import type { LikelyDoor } from './demand.ts';
import { availability } from './eligibility.ts';
import { Places, type TravelTable } from './places.ts';

/** Cells looked at, the likeliest first, and idle drivers in one round: bounds of the work. */
const CELLS_MAX = 160;
const IDLE_MAX = 128;
/** A cell that nobody idle is near counts as this far away. */
const FAR_MS = 30 * 60_000;
/** Who is idle within this long covers a cell already. */
const SOON_MS = 3 * 60_000;
/** Nobody is sent so near the end of a shift. */
const LAST_MS = 15 * 60_000;

interface Idle {
  readonly driver: Driver;
  readonly place: number;
  readonly mayGo: boolean;
  /** Travel to each cell, ms. */
  ways: number[];
}

/** Emits whom to send where. `occupied`: slots of drivers that the round has plans or thoughts for. */
export function repositionIdle(step: Decision, occupied: ReadonlySet<number>): void {
  const { zone, atMs } = step;
  if (zone.policy.repositionMsMax === 0) return;
  const cells = zone.demand.likeliest(atMs, CELLS_MAX);
  const places = new Places(zone.travel, atMs);
  const doors = cells.map(({ place }) => places.indexOf(place));
  const idle = idleDrivers(zone, atMs, occupied, places);
  const [first] = idle;
  if (cells.length < 2 || !first) return;
  // One table serves all: what counts is who is nearer, and that hangs little on the vehicle's kind.
  const cover = new Cover(cells, doors, places.tableOf(first.driver.profile.vehicleKind), idle);
  for (const each of idle) {
    if (!each.mayGo) continue;
    const goal = cover.bestFor(each, zone.policy);
    if (goal < 0) continue;
    const { place } = cells[goal] as LikelyDoor;
    const arrivesMs = atMs + (each.ways[goal] as number);
    step.emit({ type: 'driver.sent', driver: each.driver.id, to: place, arrivesMs });
    cover.move(each, goal);
  }
}

/** How near the idle drivers are to the cells, kept while drivers are moved about in thought. */
class Cover {
  private readonly cells: readonly LikelyDoor[];
  private readonly doors: readonly number[];
  private readonly table: TravelTable;
  private readonly idle: readonly Idle[];
  private readonly total: number;
  /** Per cell the way of the nearest idle driver, who that is, and the way of the next nearest. */
  private readonly nearest: Float64Array;
  private readonly second: Float64Array;
  private readonly holder: Int32Array;

  constructor(
    cells: readonly LikelyDoor[],
    doors: readonly number[],
    table: TravelTable,
    idle: readonly Idle[],
  ) {
    this.cells = cells;
    this.doors = doors;
    this.table = table;
    this.idle = idle;
    this.total = cells.reduce((sum, { weight }) => sum + weight, 0);
    this.nearest = new Float64Array(cells.length);
    this.second = new Float64Array(cells.length);
    this.holder = new Int32Array(cells.length);
    for (const each of idle) each.ways = this.waysFrom(each.place);
    this.measure();
  }

  private waysFrom(place: number): number[] {
    return this.doors.map((door) => this.table.ms(place, door));
  }

  private measure(): void {
    this.nearest.fill(FAR_MS);
    this.second.fill(FAR_MS);
    this.holder.fill(-1);
    this.idle.forEach(({ ways }, who) => {
      for (let n = 0; n < ways.length; n++) {
        const ms = ways[n] as number;
        if (ms < (this.nearest[n] as number)) {
          this.second[n] = this.nearest[n] as number;
          this.nearest[n] = ms;
          this.holder[n] = who;
        } else if (ms < (this.second[n] as number)) this.second[n] = ms;
      }
    });
  }

  move(driver: Idle, goal: number): void {
    driver.ways = this.waysFrom(this.doors[goal] as number);
    this.measure();
  }

  /** The cell to which going is worth the most, or -1 when staying is. */
  bestFor(driver: Idle, policy: ZonePolicy): number {
    const { cells, doors, table, nearest, second, holder } = this;
    const who = this.idle.indexOf(driver);
    const others = cells.map((_, n) => (holder[n] === who ? second[n] : nearest[n]) as number);
    const farness = (ways: (n: number) => number) => {
      let sum = 0;
      for (let n = 0; n < cells.length; n++) {
        sum += (cells[n] as LikelyDoor).weight * Math.min(others[n] as number, ways(n));
      }
      return sum / this.total;
    };
    const stays = farness((n) => driver.ways[n] as number);
    let best = -1;
    let bestGain = 0;
    for (let goal = 0; goal < doors.length; goal++) {
      const wayMs = driver.ways[goal] as number;
      if (wayMs === 0 || wayMs > policy.repositionMsMax) continue;
      const from = doors[goal] as number;
      const there = farness((n) => table.ms(from, doors[n] as number));
      const gain = stays - there - (wayMs * policy.repositionGainPerMille) / 1000;
      if (gain > bestGain) {
        bestGain = gain;
        best = goal;
      }
    }
    return best;
  }
}

function idleDrivers(
  zone: Zone,
  atMs: number,
  occupied: ReadonlySet<number>,
  places: Places,
): Idle[] {
  const idle: Idle[] = [];
  for (const driver of zone.drivers) {
    if (idle.length >= IDLE_MAX) break;
    if (!driver?.fix || occupied.has(driver.slot) || driver.plan.stops.length > 0) continue;
    if (availability(driver, false) !== null || driver.fix.atMs > atMs + SOON_MS) continue;
    const untilMs = driver.profile.untilMs ?? Number.POSITIVE_INFINITY;
    if (untilMs < atMs + LAST_MS) continue;
    const onTheWay = (driver.sentUntilMs ?? 0) > atMs || driver.fix.atMs > atMs;
    idle.push({ driver, place: places.indexOf(driver.fix), mayGo: !onTheWay, ways: [] });
  }
  return idle;
}
