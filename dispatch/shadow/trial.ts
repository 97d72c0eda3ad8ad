/**
 * The trial of one zone's shadow: what it is shown of the log, and the figures it comes to. It owns
 * its window: figures of other weights on either side never mix.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { ShadowReport, ZoneShadow } from '../../contracts/shadow.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import type { Zone } from '../core/zone.ts';
import { engineVersion } from '../runtime/engine-version.ts';
import { Predicted, type PredictedSums, type RoundInput } from './predicted.ts';
import { Simulated, type SimulatedSums } from './simulated.ts';

/** What a trial says; who runs it adds how it follows the log. */
export type TrialFigures = Pick<ShadowReport, 'versions' | 'window' | 'predicted' | 'simulated'> &
  Pick<ShadowReport['following'], 'failures' | 'roundsSkipped' | 'resumes'>;

/** What a trial has come to, for whoever goes on with it: another thread, or another node. */
export interface KeptTrial {
  readonly v: 1;
  readonly zone: ZoneId;
  /** It counts only for the same versions, limits and engine. */
  readonly of: readonly [live: number, shadow: number, engine: string];
  readonly policy: ZonePolicy;
  readonly fromMs: number;
  readonly resumes: number;
  readonly predicted: PredictedSums;
  readonly simulated: SimulatedSums;
}

export class ZoneTrial {
  readonly zone: ZoneId;
  readonly shadow: ZoneShadow;
  private readonly liveVersion: number;
  private readonly policy: ZonePolicy;
  private readonly fromMs: number;
  private toMs: number;
  private failures = 0;
  private roundsSkipped = 0;
  private readonly resumes: number;
  private readonly predicted: Predicted;
  private readonly simulated: Simulated;
  private readonly report: (problem: string, error: unknown) => void;

  /**
   * @param zone the live zone as it stands at `atMs`
   * @param kept goes on from it, if it is of the same trial
   */
  constructor(
    zone: Zone,
    shadow: ZoneShadow,
    atMs: number,
    report: (problem: string, error: unknown) => void,
    kept?: KeptTrial,
  ) {
    this.zone = zone.config.id;
    this.shadow = shadow;
    this.liveVersion = zone.config.weights.version;
    this.policy = zone.config.policy;
    const isOurs =
      kept?.v === 1 &&
      isDeepStrictEqual(kept.of, this.versions) &&
      isDeepStrictEqual(kept.policy, this.policy);
    const from = isOurs ? kept : undefined;
    this.fromMs = from?.fromMs ?? atMs;
    this.toMs = atMs;
    this.resumes = from ? from.resumes + 1 : 0;
    this.report = report;
    this.predicted = new Predicted(from?.predicted);
    this.simulated = new Simulated(shadow, from?.simulated);
  }

  /** What another may go on from. */
  get kept(): KeptTrial {
    const { zone, versions, policy, fromMs, resumes, predicted, simulated } = this;
    return {
      v: 1,
      ...{ zone, of: versions, policy, fromMs, resumes },
      predicted: predicted.sums,
      simulated: simulated.sums,
    };
  }

  private get versions(): KeptTrial['of'] {
    return [this.liveVersion, this.shadow.version, engineVersion()];
  }

  /** Whether this is still the trial that a zone asks for. */
  isOf(zone: Zone): boolean {
    const { weights, policy, shadow } = zone.config;
    return (
      weights.version === this.liveVersion &&
      shadow?.version === this.shadow.version &&
      isDeepStrictEqual(policy, this.policy)
    );
  }

  /** A live round, while `zone` stands as it did when the round was decided. */
  round(zone: Zone, input: RoundInput, atMs: number, skip: boolean): void {
    if (skip) {
      this.roundsSkipped++;
      return;
    }
    try {
      this.predicted.take(zone, this.shadow, input, atMs);
    } catch (error) {
      this.fail('a round', error);
    }
  }

  /** What the live zone has committed; `zone` stands after it. */
  took(zone: Zone, events: readonly ZoneEvent[], atMs: number): void {
    this.toMs = Math.max(this.toMs, atMs);
    try {
      this.simulated.take(zone, events, atMs);
    } catch (error) {
      this.fail('the copies', error);
      this.simulated.rest(atMs);
    }
  }

  /** Records were left out: what was under way is lost, what was added up stays. */
  interrupted(): void {
    this.simulated.interrupt();
  }

  private fail(what: string, error: unknown): void {
    this.failures++;
    if (this.failures === 1) this.report(`${what} of ${this.zone} under its shadow`, error);
  }

  figures(): TrialFigures {
    const { fromMs, toMs, failures, roundsSkipped, resumes } = this;
    const [live, shadow, engine] = this.versions;
    return {
      versions: { live, shadow, engine },
      window: { fromMs, toMs },
      predicted: this.predicted.figures(),
      simulated: this.simulated.figures(),
      ...{ failures, roundsSkipped, resumes },
    };
  }
}
