/**
 * Why a round decided as it did: what it commits beside its decision, for people. Bounded: a round
 * explains some of the deliveries it touched, each with some of its candidates, and says how many it
 * left off. It changes no state, so recovery and the next round go without it.
 */
import type { DeliveryId, DriverId } from './ids.ts';

/** What a round made of a delivery: `planned` waits in a driver's chain, `unplaced` in nobody's. */
export const EXPLAINED_OUTCOMES = ['assigned', 'offered', 'planned', 'unplaced'] as const;
export type ExplainedOutcome = (typeof EXPLAINED_OUTCOMES)[number];

/** Why a shortlisted driver could not have a delivery, with the words for people. */
export const REJECTIONS = {
  off_duty: 'is off duty or on a break',
  leaving: 'is on its way to another zone',
  silent: 'has sent no position for too long',
  has_offer: 'thinks about another offer',
  stalled: 'has stopped moving towards a pickup',
  resting: 'said to be busy a moment ago',
  unreachable: 'has no connection to be asked over',
  vehicle: 'has a vehicle that the delivery does not allow',
  skill: 'lacks a skill that the delivery needs',
  fleet: 'belongs to no fleet that the delivery allows',
  cool_down: 'declined it a short while ago',
  no_position: 'has no known position',
  capacity: 'cannot carry that much',
  radius: 'is too far from the pickup',
  shift_end: 'would be at the vendor after the end of the shift',
  delays_committed: 'has a delivery that would come later than it may',
  food_age: 'would have it aboard with others for too long',
  breaks_others: 'has other plans that would break a limit',
} as const;
export type Rejection = keyof typeof REJECTIONS;

/** What it would add to the whole plan if this driver had the delivery, all else staying as it is. */
export interface ExplainedCandidate {
  /** Index into `drivers` of the explanation. */
  readonly driver: number;
  /** Unweighted zone ms by term, in the order of the explanation's `terms`; may be negative. */
  readonly terms: readonly number[];
  /** Its cost if it had nothing but what is committed; weighted. Null: a limit forbids even that. */
  readonly alone: number | null;
  /** Predicted, zone ms after the round. Of a group: the first pickup and the last door. */
  readonly pickupMs: number;
  readonly doorMs: number;
}

/** Weighted cost of a candidate, per mille of a millisecond: what the search has compared. */
export function costOf(candidate: ExplainedCandidate, weights: readonly number[]): number {
  return candidate.terms.reduce((sum, ms, n) => sum + ms * (weights[n] ?? 0), 0);
}

/** One unit (a delivery, or a group that rides together) that the round touched. */
export interface ExplainedUnit {
  readonly deliveries: readonly DeliveryId[];
  readonly outcome: ExplainedOutcome;
  /** Who has it now, and in whose chain it was before: indices into `drivers`; absent: nobody. */
  readonly chosen?: number;
  readonly before?: number;
  /** Whom the plan had it with, when another one who has been idle far longer was preferred. */
  readonly insteadOf?: number;
  /** Who else is asked at the same time, in a zone that broadcasts offers. */
  readonly alsoAsked?: readonly number[];
  /** What leaving it out counts; weighted. */
  readonly stayOut: number;
  /** Drivers looked at: near ones up to `candidatesMax` of a kind, and the one who had it before. */
  readonly shortlisted: number;
  /** The one who has it and the likeliest others, cheapest first; of a `planned` one fewer. */
  readonly candidates: readonly ExplainedCandidate[];
  /** None of a `planned` unit. */
  readonly rejected: readonly (readonly [driver: number, why: Rejection])[];
  /** Shortlisted drivers that are in neither list. */
  readonly leftOff: number;
}

/** One round's explanation. */
export interface Explanation {
  readonly round: number;
  /** Version of the zone's weights, and what each term was multiplied by, per mille. */
  readonly version: number;
  readonly terms: readonly string[];
  readonly weights: readonly number[];
  /** Weighted cost of the whole plan the round ended with, deliveries left out included. */
  readonly planCost: number;
  /** Drivers of the zone that could have been asked, shortlisted or not; absent in very large zones. */
  readonly available?: number;
  readonly drivers: readonly DriverId[];
  readonly units: readonly ExplainedUnit[];
  /** Units that the round touched and that are not explained. */
  readonly leftOff: number;
}
