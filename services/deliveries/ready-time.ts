/** When a parcel will be ready, from what a shop says of it. */
import { WaggleError } from '../../contracts/errors.ts';
import { parseTime } from '../../platform/times.ts';

const READY_DEFAULT_MS = 600_000;

export interface ReadyWords {
  readonly readyAt?: string | undefined;
  readonly readyInSeconds?: number | undefined;
}

/** Zone ms. Throws `request.invalid` when both are said. */
export function readyMsOf(words: ReadyWords, nowMs: number, notBeforeMs = 0): number {
  const { readyAt, readyInSeconds } = words;
  if (readyAt !== undefined && readyInSeconds !== undefined) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/readyAt', expected: 'not together with readyInSeconds' },
    ]);
  }
  if (readyAt !== undefined) return parseTime(readyAt, '/readyAt');
  const inMs = readyInSeconds === undefined ? READY_DEFAULT_MS : readyInSeconds * 1000;
  return Math.max(nowMs, notBeforeMs) + inMs;
}
