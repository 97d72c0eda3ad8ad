/** When a shift is, and what may become of it: pure. */
import type { ATTENDANCES, SHIFT_STATES, ShiftPlan } from '../../contracts/api/driver-shifts.ts';
import { SHIFT_HOURS_MAX } from '../../contracts/api/driver-shifts.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { dayAfter, momentOf } from './local-time.ts';

export type ShiftState = (typeof SHIFT_STATES)[number];
export type Attendance = (typeof ATTENDANCES)[number];

export interface Span {
  readonly startsMs: number;
  readonly endsMs: number;
}

/** The moments that day and clocks mean there. Throws `request.invalid` for what is no shift. */
export function spanOfPlan(
  { day, from, to }: Pick<ShiftPlan, 'day' | 'from' | 'to'>,
  timeZone: string,
): Span {
  const startsMs = momentOf(timeZone, { day, clock: from });
  const lastDay = to <= from ? dayAfter(day) : day;
  const endsMs = momentOf(timeZone, { day: lastDay, clock: to });
  if (endsMs <= startsMs || endsMs - startsMs > SHIFT_HOURS_MAX * 3_600_000) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/to', expected: `at most ${SHIFT_HOURS_MAX} hours after /from` },
    ]);
  }
  return { startsMs, endsMs };
}

/** Two shifts, one after the other, do not overlap. */
export function overlap(a: Span, b: Span): boolean {
  return a.startsMs < b.endsMs && b.startsMs < a.endsMs;
}

/** A driver who goes on duty this long before its shift has come to it. */
export const EARLY_MS = 3_600_000;

export interface Expected extends Span {
  readonly lateMs: number;
  readonly noShowMs: number;
}

/** What coming at this moment means. */
export function attendanceOf({ startsMs, lateMs }: Expected, cameMs: number): 'on_time' | 'late' {
  return cameMs <= startsMs + lateMs ? 'on_time' : 'late';
}

/** What not having come by now means; undefined: nothing yet. */
export function absenceOf(expected: Expected, nowMs: number): 'late' | 'no_show' | undefined {
  const { startsMs, endsMs, lateMs, noShowMs } = expected;
  if (nowMs >= Math.min(endsMs, startsMs + noShowMs)) return 'no_show';
  return nowMs > startsMs + lateMs ? 'late' : undefined;
}
