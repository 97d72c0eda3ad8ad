/**
 * Decides what becomes of one position of one driver: whether it is newer, possible and real, at
 * which host time it was taken, and in which cell it lies. Pure but for its memory of the driver;
 * nothing here sends anything.
 */
import { cellToBoundary, cellToLatLng, latLngToCell } from 'h3-js';
import { CELL_RESOLUTION, cellKey } from '../../contracts/geo.ts';
import {
  CELL_CIRCLES_MAX,
  CLOCK_STEP_FRAMES,
  CLOCK_STEP_MS,
  FUTURE_MS_MAX,
  JUMP_FIXES,
  JUMP_MPS,
  LIVE_AGE_MS_MAX,
} from './limits.ts';

const METERS_PER_E7 = 0.011_119_508;
const RAD_PER_E7 = Math.PI / 180e7;
const HALF_TURN_E7 = 1_800_000_000;

/** What is remembered of a driver between positions. */
export class FixMemory {
  /** Host ms − device ms, the least seen: what remains is the way. NaN: not measured yet. */
  offsetMs = Number.NaN;
  offsetDoubts = 0;
  latE7 = 0;
  lonE7 = 0;
  /** Host ms UTC of the newest accepted fix; −Infinity: none yet. */
  fixMs = Number.NEGATIVE_INFINITY;
  headingDegrees = 0;
  speedCmps = 0;
  accuracyMeters = 0;
  /** Where a jump seems to lead, and how many fixes agree. */
  jumpLatE7 = 0;
  jumpLonE7 = 0;
  jumpMs = 0;
  jumpFixes = 0;
  /** Cell key; −1: none yet. */
  cell = -1;
  circle: CellCircle | null = null;
}

/** A cell and the largest circle around its centre that lies inside. */
export interface CellCircle {
  readonly cell: number;
  readonly latE7: number;
  readonly lonE7: number;
  readonly metersPerLonE7: number;
  readonly squaredMeters: number;
}

/** Distance on a local plane, squared metres: exact to a per mille over a city. */
function squaredMeters(
  fromLatE7: number,
  fromLonE7: number,
  toLatE7: number,
  toLonE7: number,
  metersPerLonE7: number,
): number {
  const dy = (toLatE7 - fromLatE7) * METERS_PER_E7;
  let dLon = toLonE7 - fromLonE7;
  if (dLon > HALF_TURN_E7) dLon -= 2 * HALF_TURN_E7;
  else if (dLon < -HALF_TURN_E7) dLon += 2 * HALF_TURN_E7;
  const dx = dLon * metersPerLonE7;
  return dx * dx + dy * dy;
}

/** Knows cells with their circles; bounded, and started anew when full. */
export class CellCircles {
  private readonly known = new Map<string, CellCircle>();

  /** The cell of a point. About 1 µs for a known cell, 10 µs for a new one. */
  at(latE7: number, lonE7: number): CellCircle {
    const h3 = latLngToCell(latE7 / 1e7, lonE7 / 1e7, CELL_RESOLUTION);
    const found = this.known.get(h3);
    if (found) return found;
    if (this.known.size >= CELL_CIRCLES_MAX) this.known.clear();
    const circle = circleOf(h3);
    this.known.set(h3, circle);
    return circle;
  }
}

function circleOf(h3: string): CellCircle {
  const [lat, lon] = cellToLatLng(h3);
  const latE7 = Math.round(lat * 1e7);
  const lonE7 = Math.round(lon * 1e7);
  const metersPerLonE7 = METERS_PER_E7 * Math.cos(latE7 * RAD_PER_E7);
  const corners = cellToBoundary(h3).map(([a, b]) => {
    let dLon = b * 1e7 - lonE7;
    if (dLon > HALF_TURN_E7) dLon -= 2 * HALF_TURN_E7;
    else if (dLon < -HALF_TURN_E7) dLon += 2 * HALF_TURN_E7;
    return [dLon * metersPerLonE7, (a * 1e7 - latE7) * METERS_PER_E7] as const;
  });
  let least = Number.POSITIVE_INFINITY;
  corners.forEach(([ax, ay], i) => {
    const [bx, by] = corners[(i + 1) % corners.length] ?? [ax, ay];
    const length = Math.hypot(bx - ax, by - ay);
    if (length > 0) least = Math.min(least, Math.abs(ax * by - bx * ay) / length);
  });
  // Edges are arcs; the plane errs by less than the two per cent taken off here.
  const radius = least * 0.98;
  return { cell: cellKey(h3), latE7, lonE7, metersPerLonE7, squaredMeters: radius * radius };
}

/** Learns the device's clock from a frame that was sent at `sentMs` and arrived at `nowMs`. */
export function measureClock(memory: FixMemory, sentMs: number, nowMs: number): void {
  const measured = nowMs - sentMs;
  if (Number.isNaN(memory.offsetMs) || measured < memory.offsetMs) {
    memory.offsetMs = measured;
    memory.offsetDoubts = 0;
    return;
  }
  if (measured - memory.offsetMs <= CLOCK_STEP_MS) {
    memory.offsetDoubts = 0;
    return;
  }
  // Late by seconds: a slow line once, or a clock that was set back, when it stays so.
  memory.offsetDoubts += 1;
  if (memory.offsetDoubts < CLOCK_STEP_FRAMES) return;
  memory.offsetMs = measured;
  memory.offsetDoubts = 0;
}

export type FixOutcome = 'live' | 'history' | 'older' | 'jump' | 'future';

/**
 * Judges one fix and, when it is `live`, remembers it with its cell.
 * @param fixMs host ms UTC of the fix, corrected
 * @param speed zone ms per host ms: a fast city moves faster
 */
export function judgeFix(
  memory: FixMemory,
  circles: CellCircles,
  fix: { latE7: number; lonE7: number; fixMs: number },
  nowMs: number,
  speed: number,
): FixOutcome {
  const { latE7, lonE7 } = fix;
  if (fix.fixMs > nowMs + FUTURE_MS_MAX) return 'future';
  const fixMs = Math.min(fix.fixMs, nowMs);
  if (fixMs <= memory.fixMs) return 'older';
  if (fixMs < nowMs - LIVE_AGE_MS_MAX) return 'history';
  if (memory.cell !== -1 && !isReachable(memory, latE7, lonE7, fixMs, speed)) return 'jump';
  memory.jumpFixes = 0;
  memory.latE7 = latE7;
  memory.lonE7 = lonE7;
  memory.fixMs = fixMs;
  const { circle } = memory;
  if (!circle || !isInside(circle, latE7, lonE7)) {
    memory.circle = circles.at(latE7, lonE7);
    memory.cell = memory.circle.cell;
  }
  return 'live';
}

function isInside(circle: CellCircle, latE7: number, lonE7: number): boolean {
  const { metersPerLonE7 } = circle;
  const squared = squaredMeters(circle.latE7, circle.lonE7, latE7, lonE7, metersPerLonE7);
  return squared <= circle.squaredMeters;
}

/** Possible from the last fix, or the third in a row that agree on another place. */
function isReachable(
  memory: FixMemory,
  latE7: number,
  lonE7: number,
  fixMs: number,
  speed: number,
): boolean {
  const scale = memory.circle?.metersPerLonE7 ?? METERS_PER_E7;
  const metersPerMs = (JUMP_MPS * Math.max(1, speed)) / 1000;
  const reach = metersPerMs * Math.max(1000, fixMs - memory.fixMs);
  const from = squaredMeters(memory.latE7, memory.lonE7, latE7, lonE7, scale);
  if (from <= reach * reach) return true;
  const jumpScale = METERS_PER_E7 * Math.cos(latE7 * RAD_PER_E7);
  const jumpReach = metersPerMs * Math.max(1000, fixMs - memory.jumpMs);
  const apart = squaredMeters(memory.jumpLatE7, memory.jumpLonE7, latE7, lonE7, jumpScale);
  const agrees = memory.jumpFixes > 0 && fixMs > memory.jumpMs && apart <= jumpReach * jumpReach;
  memory.jumpFixes = agrees ? memory.jumpFixes + 1 : 1;
  memory.jumpLatE7 = latE7;
  memory.jumpLonE7 = lonE7;
  memory.jumpMs = fixMs;
  return memory.jumpFixes >= JUMP_FIXES;
}
