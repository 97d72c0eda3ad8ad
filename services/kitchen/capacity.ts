/**
 * What a kitchen can have ready in each window of time: pure. A ticket takes a slot in the window of
 * its ready time; when that is full it is put off to the next free one, within a limit.
 */

export interface Capacity {
  /** Tickets that may become ready within one window. */
  readonly tickets: number;
  readonly windowMs: number;
}

/** How many tickets each window has, by its start in zone ms. */
export type Taken = ReadonlyMap<number, number>;

/** A promised time may be this much later than wanted; beyond it the kitchen is too busy. */
export const PUT_OFF_MS_MAX = 45 * 60_000;
/** Windows looked at for a free one. */
const WINDOWS_MAX = 1_000;

/** Start of the window a time lies in. */
export function windowOf({ windowMs }: Capacity, atMs: number): number {
  return Math.floor(atMs / windowMs) * windowMs;
}

/** The first time from `wantedMs` on with a free slot; null: none within reach. */
export function firstFree(capacity: Capacity, taken: Taken, wantedMs: number): number | null {
  const first = windowOf(capacity, wantedMs);
  for (let n = 0; n < WINDOWS_MAX; n++) {
    const slotMs = first + n * capacity.windowMs;
    if ((taken.get(slotMs) ?? 0) < capacity.tickets) return Math.max(slotMs, wantedMs);
  }
  return null;
}

/** When the kitchen can promise it; null: too busy for what was wanted. */
export function promiseFor(capacity: Capacity, taken: Taken, wantedMs: number): number | null {
  const freeMs = firstFree(capacity, taken, wantedMs);
  return freeMs === null || freeMs > wantedMs + PUT_OFF_MS_MAX ? null : freeMs;
}

/** Counts of windows out of older counts, also when windows had another length then. */
export function takenOf(
  capacity: Capacity,
  counts: readonly { readonly slotMs: number; readonly count: number }[],
): Map<number, number> {
  const taken = new Map<number, number>();
  for (const { slotMs, count } of counts) {
    const window = windowOf(capacity, slotMs);
    taken.set(window, (taken.get(window) ?? 0) + count);
  }
  return taken;
}
