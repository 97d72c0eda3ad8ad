/** How long each step of the saga may take, zone ms. */
import type { SagaLimits } from './saga-state.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Least time that a person of the vendor has on a clock that runs faster than theirs, host ms. */
const VENDOR_HOST_MS = 30 * SECOND;

/**
 * The limits at a speed of the zone clock (zone ms per host ms). Answers of our own parts take host
 * time, so their limits stretch with the speed (as those of phones do, ADR 4).
 */
export function limitsAt(speed: number): SagaLimits {
  const stretch = Math.max(1, speed);
  return {
    answerMs: 30 * SECOND * stretch,
    repeatMsMax: 10 * MINUTE * stretch,
    vendorAnswerMs: Math.max(10 * MINUTE, VENDOR_HOST_MS * stretch),
    reviewMs: Math.max(30 * MINUTE, VENDOR_HOST_MS * stretch),
    kitchenMs: 4 * HOUR,
    carryMs: 24 * HOUR,
    stockKeepMs: 12 * HOUR,
  };
}
