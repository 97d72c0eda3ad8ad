/** When a cart is for: at once, or at a time the customer names. Pure; zone ms. */
import type { Cart } from '../../../contracts/api/carts.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { parseTime } from '../../../platform/times.ts';

/** How far ahead an order may be scheduled. */
const SCHEDULE_DAYS_MAX = 14;
const DAY_MS = 86_400_000;
/** Work on a scheduled order begins this long before its preparation: stock, payment, answer. */
const LEAD_MS = 600_000;

export interface CartTimes {
  /** When it should be ready for pickup. */
  readonly readyMs: number;
  /** What the customer asked for; null: at once. */
  readonly scheduledMs: number | null;
  /** When work on it begins; not later than now for what is wanted at once. */
  readonly startMs: number;
  /** When the vendor has to be open, and windows of products. */
  readonly atMs: number;
}

/** Throws `request.invalid` when times contradict each other or cannot be kept. */
export function timesOf(
  cart: Pick<Cart, 'scheduledFor' | 'readyAt' | 'readyInSeconds'>,
  prepareSeconds: number,
  nowMs: number,
  at: string,
): CartTimes {
  const { scheduledFor, readyAt, readyInSeconds } = cart;
  if ([scheduledFor, readyAt, readyInSeconds].filter((each) => each !== undefined).length > 1) {
    const field = `${at}/${scheduledFor === undefined ? 'readyAt' : 'scheduledFor'}`;
    throw invalid(field, 'only one of scheduledFor, readyAt, readyInSeconds');
  }
  const prepareMs = prepareSeconds * 1000;
  if (scheduledFor !== undefined) {
    const field = `${at}/scheduledFor`;
    const scheduledMs = parseTime(scheduledFor, field);
    if (scheduledMs < nowMs + prepareMs || scheduledMs > nowMs + SCHEDULE_DAYS_MAX * DAY_MS) {
      throw invalid(field, `a time ${prepareSeconds} s to ${SCHEDULE_DAYS_MAX} days from now`);
    }
    const startMs = Math.max(nowMs, scheduledMs - prepareMs - LEAD_MS);
    return { readyMs: scheduledMs, scheduledMs, startMs, atMs: scheduledMs };
  }
  const readyMs =
    readyAt === undefined
      ? nowMs + (readyInSeconds === undefined ? prepareMs : readyInSeconds * 1000)
      : parseTime(readyAt, `${at}/readyAt`);
  return { readyMs, scheduledMs: null, startMs: nowMs, atMs: nowMs };
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}
