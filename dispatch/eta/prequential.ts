/**
 * Scores the learned travel time the way it will be used: each trip is predicted when it starts,
 * with what had ended by then, and learned when it ends. Nothing is looked at twice or ahead.
 */
import type { ZoneConfig } from '../../contracts/zone.ts';
import { LearnedState } from '../core/travel/learned/learned-state.ts';
import { LearnedTravelTime } from '../core/travel/learned/learned-travel-time.ts';
import { emptyAnswer, type TravelTime, writeGuess } from '../core/travel/travel-time.ts';
import type { RecordedTrip } from './trips-file.ts';

export interface Score {
  /** Trips scored, the errors of `p50Ms` over them, and how many ended within each quantile. */
  readonly trips: number;
  readonly maeSeconds: number;
  readonly mapePercent: number;
  readonly p50CoveragePercent: number;
  readonly p10CoveragePercent: number;
  readonly p90CoveragePercent: number;
  readonly microsecondsPerAnswer: number;
  readonly stateBytes: number;
}

export interface ScoringOptions {
  /** Trips that start before this are learned from but not scored. Unix seconds. */
  readonly fromSeconds: number;
  /** Wall clock in ms, to time the answers. */
  readonly clock: () => number;
  /** Told the part done, 0 to 1, now and then. */
  readonly onProgress?: (part: number) => void;
}

const PROGRESS_TRIPS = 20_000;
const TIMED_TRIPS = 2_000;
const TIMED_ROUNDS = 15;
/** For vehicles without trips: 6 m/s in a straight line, until the model has learned something. */
const UNTAUGHT_METERS_PER_SECOND = 6;
/** The recorded trips are drives. */
const VEHICLE = 'car';

/** Runs through the trips in the order of time. Scores of no trips are NaN. */
export function scoreTrips(trips: readonly RecordedTrip[], options: ScoringOptions): Score {
  const starts = [...trips].sort(
    (a, b) => a.startSeconds - b.startSeconds || a.endSeconds - b.endSeconds,
  );
  const ends = [...trips].sort(
    (a, b) => a.endSeconds - b.endSeconds || a.startSeconds - b.startSeconds,
  );
  const learned = new LearnedState();
  const plane = planeAround(starts);
  const travel = new LearnedTravelTime(learned, plane, untaught(plane));
  const answer = emptyAnswer();
  const sums = { trips: 0, error: 0, share: 0, p10: 0, p50: 0, p90: 0 };
  let ended = 0;
  for (const [index, trip] of starts.entries()) {
    const { from, to, startSeconds, endSeconds } = trip;
    for (; ended < ends.length; ended++) {
      const done = ends[ended] as RecordedTrip;
      if (done.endSeconds > startSeconds) break;
      const tookMs = (done.endSeconds - done.startSeconds) * 1_000;
      travel.learn(done.from, done.to, VEHICLE, done.startSeconds * 1_000, tookMs);
    }
    if (index % PROGRESS_TRIPS === 0) options.onProgress?.(index / starts.length);
    if (startSeconds < options.fromSeconds) continue;
    travel.answer(from, to, VEHICLE, startSeconds * 1_000, answer);
    const tookMs = (endSeconds - startSeconds) * 1_000;
    const missMs = Math.abs(answer.p50Ms - tookMs);
    sums.trips++;
    sums.error += missMs / 1_000;
    sums.share += missMs / tookMs;
    if (tookMs <= answer.p10Ms) sums.p10++;
    if (tookMs <= answer.p50Ms) sums.p50++;
    if (tookMs <= answer.p90Ms) sums.p90++;
  }
  return {
    trips: sums.trips,
    maeSeconds: round(sums.error / sums.trips, 2),
    mapePercent: round((100 * sums.share) / sums.trips, 2),
    p50CoveragePercent: round((100 * sums.p50) / sums.trips, 2),
    p10CoveragePercent: round((100 * sums.p10) / sums.trips, 2),
    p90CoveragePercent: round((100 * sums.p90) / sums.trips, 2),
    microsecondsPerAnswer: round(timeAnswers(travel, starts, options.clock), 2),
    stateBytes: learned.model?.bytes ?? 0,
  };
}

/** The median of some rounds: on a shared machine a single one may be interrupted. */
function timeAnswers(
  travel: LearnedTravelTime,
  trips: readonly RecordedTrip[],
  clock: () => number,
): number {
  const sample = trips.slice(-TIMED_TRIPS);
  const answer = emptyAnswer();
  const rounds: number[] = [];
  for (let each = 0; each < TIMED_ROUNDS; each++) {
    const beganMs = clock();
    for (const { from, to, startSeconds } of sample) {
      travel.answer(from, to, VEHICLE, startSeconds * 1_000, answer);
    }
    rounds.push(((clock() - beganMs) * 1_000) / sample.length);
  }
  rounds.sort((a, b) => a - b);
  return rounds[Math.floor(rounds.length / 2)] as number;
}

/** A plane around the first pickup: the only trip that is known before any has been predicted. */
function planeAround(trips: readonly RecordedTrip[]): ZoneConfig['plane'] {
  const { latE7, lonE7 } = (trips[0] as RecordedTrip).from;
  const yPerE7 = (Math.PI / 180e7) * 6_371_008.8;
  return { latE7, lonE7, xPerE7: yPerE7 * Math.cos((latE7 / 1e7) * (Math.PI / 180)), yPerE7 };
}

function untaught(plane: ZoneConfig['plane']): TravelTime {
  return {
    answer(from, to, vehicle, departMs, into) {
      writeGuess(this.ms(from, to, vehicle, departMs), into);
    },
    ms(from, to) {
      const dx = (to.lonE7 - from.lonE7) * plane.xPerE7;
      const dy = (to.latE7 - from.latE7) * plane.yPerE7;
      return Math.ceil((Math.sqrt(dx * dx + dy * dy) * 1_000) / UNTAUGHT_METERS_PER_SECOND);
    },
  };
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
