/**
 * Shadow mode: a second set of weights that a zone carries, and what a node reports of trying it.
 * Nothing is decided by a shadow; it sees what the zone sees and sends nothing.
 */
import type { ZoneId } from './ids.ts';
import type { Weights, ZonePolicy } from './zone.ts';

/** Limits of matching that a shadow may try beside its weights; everything else is as the zone has it. */
export const SHADOW_LIMITS = [
  'radiusMeters',
  'searchSteps',
  'candidatesMax',
  'stackMax',
  'stackRadiusMeters',
  'detourMsMax',
  'foodAgeMsMax',
  'arriveEarlyMs',
  'joinBeforeMs',
] as const satisfies readonly (keyof ZonePolicy)[];
export type ShadowLimit = (typeof SHADOW_LIMITS)[number];

/** The weights and limits a zone tries beside its own. */
export interface ZoneShadow {
  /** The version of the zone's configuration that set it; reports name it. */
  readonly version: number;
  /** Their `version` is that of the shadow. */
  readonly weights: Weights;
  readonly policy: Partial<Pick<ZonePolicy, ShadowLimit>>;
  /** Zone time at which it was set. */
  readonly sinceMs: number;
}

/** What the plans of the same rounds came to on one side; means per delivery and round, zone ms. */
export interface PlanFigures {
  /** Cost of the plans per delivery, weighted seconds: under the live weights, under the shadow's. */
  readonly costUnderLive: number;
  readonly costUnderShadow: number;
  /** Predicted from ready (or placed, if later) to pickup and door, of those that both sides seat. */
  readonly pickupDelayMs: number;
  readonly doorDelayMs: number;
  /** Predicted past the promise, of those that both sides seat. */
  readonly lateMs: number;
  /** Deliveries of a round for which no driver was found. */
  readonly unseated: number;
}

/** Live rounds decided again from the same state and input. One delivery counts in each of its rounds. */
export interface PredictedFigures {
  readonly rounds: number;
  /** Deliveries of these rounds, those that both sides gave to a driver, and those to another one. */
  readonly deliveries: number;
  readonly seatedByBoth: number;
  readonly moved: number;
  readonly live: PlanFigures;
  readonly shadow: PlanFigures;
}

/** What came of the deliveries that were asked for since the window began. */
export interface OutcomeFigures {
  readonly requested: number;
  readonly delivered: number;
  readonly undelivered: number;
  readonly cancelled: number;
  readonly open: number;
  /** Null without any delivery. */
  readonly clickToDoorP50Ms: number | null;
  readonly clickToDoorP90Ms: number | null;
  readonly lateMeanMs: number | null;
  /** Per delivery made; null where it is not known. */
  readonly driveMsPerDelivery: number | null;
}

/** A difference, shadow less live, with its 99 % interval; zone ms. */
export interface PairedDifference {
  readonly meanMs: number;
  readonly lowMs: number;
  readonly highMs: number;
}

export const SHADOW_VERDICTS = ['too_early', 'better', 'worse', 'mixed', 'no_difference'] as const;

/** Both sides simulated by the same rules, paired delivery by delivery; what really happened beside. */
export interface SimulatedFigures {
  readonly live: OutcomeFigures;
  readonly shadow: OutcomeFigures;
  readonly real: OutcomeFigures;
  /** Part of the offers that drivers of the zone accept, per mille, as observed. */
  readonly acceptPerMille: number;
  /** Deliveries made on both sides, and the blocks of time that they fall into. */
  readonly pairs: number;
  readonly blocks: number;
  /** Deliveries made by one side while the other gave them up. */
  readonly onlyLive: number;
  readonly onlyShadow: number;
  readonly clickToDoor: PairedDifference | null;
  readonly late: PairedDifference | null;
  readonly verdict: (typeof SHADOW_VERDICTS)[number];
  /** In plain words, with the test that was used. */
  readonly says: string;
}

/** What a node says of the shadow of one zone, about once a second. */
export interface ShadowReport {
  readonly v: 1;
  readonly zone: ZoneId;
  readonly node: string;
  /** Host ms UTC of the report. */
  readonly atMs: number;
  readonly versions: { readonly live: number; readonly shadow: number; readonly engine: string };
  /** Zone time that the figures cover. It begins anew when either side changes. */
  readonly window: { readonly fromMs: number; readonly toMs: number };
  /** How well the runner follows the log. */
  readonly following: {
    readonly lagRecords: number;
    /** Rounds not decided again, because the runner was behind. */
    readonly roundsSkipped: number;
    /** Times it was so far behind that it went on from the newest state, and records left out then. */
    readonly drops: number;
    readonly recordsDropped: number;
    /** Times another thread or node went on with the figures of the one before. */
    readonly resumes: number;
    /** Rounds that threw under the shadow's weights. */
    readonly failures: number;
    /** Time it has worked, ms. */
    readonly workedMs: number;
  };
  readonly predicted: PredictedFigures | null;
  readonly simulated: SimulatedFigures | null;
}
