/**
 * The part of a zone's policy that follows from the speed of the demo: people who answer offers, and
 * rounds, need wall time, however fast zone time runs. Limits of phones and sockets the API stretches.
 */
import { DEFAULT_POLICY, type ZonePolicy } from '../contracts/zone.ts';

/** Bounds of the API's schema for these fields, zone ms. */
const ROUND_MS_MAX = 60_000;
const OFFER_MS_MAX = 600_000;
const STALL_MS_MAX = 3_600_000;

/** Patience in zone ms that leaves people and networks some wall seconds at this speed. */
export function wallPolicy(speed: number): Partial<ZonePolicy> {
  const atLeast = (usualMs: number, wallMs: number, maxMs: number): number =>
    Math.min(maxMs, Math.max(usualMs, Math.round(wallMs * speed)));
  return {
    roundMs: atLeast(DEFAULT_POLICY.roundMs, 200, ROUND_MS_MAX),
    offerTtlMs: atLeast(DEFAULT_POLICY.offerTtlMs, 4_000, OFFER_MS_MAX),
    // A phone that reconnects says nothing for some wall seconds, however far its driver has come.
    stallMs: atLeast(DEFAULT_POLICY.stallMs, 20_000, STALL_MS_MAX),
  };
}
