/**
 * When a vendor opens and closes in the days to come, so that a search needs no calendar. Pure but for
 * a bounded memory of schedules: vendors of one town keep the same hours.
 */
import { opennessAt, type Schedule } from '../../contracts/opening-hours.ts';

/** How far ahead, zone ms, and how much of it must be left before they are reckoned anew. */
export const TURNS_AHEAD_MS = 8 * 86_400_000;
export const TURNS_LEFT_MS_MIN = 4 * 86_400_000;
/** A schedule that turns more often than this is followed so far. */
const TURNS_MAX = 512;
const KNOWN_MAX = 5_000;

export interface Turns {
  /** UTC ms at which it opens, closes, opens …: open when an odd number of them is past. */
  readonly turns: readonly number[];
  readonly untilMs: number;
}

export type TurnsOf = (schedule: Schedule, nowMs: number) => Turns;

/** Makes a reckoner with a memory of its own. */
export function createTurns(): TurnsOf {
  const known = new Map<string, Turns>();
  return (schedule, nowMs) => {
    const key = JSON.stringify(schedule);
    const before = known.get(key);
    const isGood = before !== undefined && before.untilMs - nowMs > TURNS_LEFT_MS_MIN;
    // Reckoned for a later time it may not know of an opening before `nowMs`.
    if (isGood && before.untilMs - nowMs <= TURNS_AHEAD_MS) return before;
    const turns = turnsOf(schedule, nowMs);
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(key, turns);
    return turns;
  };
}

/** Walks from turn to turn. */
export function turnsOf(schedule: Schedule, nowMs: number): Turns {
  const untilMs = nowMs + TURNS_AHEAD_MS;
  const turns: number[] = [];
  let atMs = nowMs;
  while (atMs < untilMs && turns.length < TURNS_MAX) {
    const { open, opensAtMs, closesAtMs } = opennessAt(schedule, atMs);
    if (open) {
      if (turns.length === 0) turns.push(nowMs);
      if (closesAtMs === null) return { turns, untilMs };
      turns.push(closesAtMs);
      atMs = closesAtMs;
    } else {
      if (opensAtMs === null) return { turns, untilMs };
      turns.push(opensAtMs);
      atMs = opensAtMs;
    }
  }
  return { turns, untilMs: Math.min(untilMs, atMs) };
}

/** Whether an odd number of turns is past. */
export function isOpenAt(turns: ArrayLike<number>, nowMs: number): boolean {
  let past = 0;
  while (past < turns.length && (turns[past] ?? 0) <= nowMs) past++;
  return past % 2 === 1;
}
