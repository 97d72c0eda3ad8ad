/**
 * When a zone next wants something of its own accord: a timer, a round, a look for silent drivers.
 * It remembers due times only, decides nothing about deliveries, and is rebuilt after a takeover.
 */
import type { ZoneId } from '../../contracts/ids.ts';
import type { ZoneInput } from '../core/input.ts';
import type { Engine, RoundInput, ZoneIndex } from './engine.ts';
import {
  BROKEN_REST_MS,
  ROUND_HOST_MS_MIN,
  SILENCE_EVERY_HOST_MS,
  STALLED_EVERY_HOST_MS,
} from './limits.ts';
import type { Clock } from './ports.ts';

/** What may break apart from commands, and rests or falls back when it does. */
export const OWN_KINDS = ['timer', 'round', 'silence', 'stalled'] as const;
export type OwnKind = (typeof OWN_KINDS)[number];

export function isOwnKind(kind: ZoneInput['kind']): kind is OwnKind {
  return (OWN_KINDS as readonly string[]).includes(kind);
}

/** How often each zone's own inputs have stopped the host; survives a restore, not the process. */
export class OwnFailures {
  private readonly counts = new Map<string, number>();
  private readonly restUntilMs = new Map<string, number>();

  note(zone: ZoneId, kind: OwnKind, nowMs: number): void {
    const key = `${kind} ${zone}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    // The first broken round is repeated greedily at once; whatever breaks again, rests.
    if (kind !== 'round' || count > 1) this.restUntilMs.set(key, nowMs + BROKEN_REST_MS);
  }

  count(zone: ZoneId, kind: OwnKind): number {
    return this.counts.get(`${kind} ${zone}`) ?? 0;
  }

  rests(zone: ZoneId, kind: OwnKind, nowMs: number): boolean {
    return nowMs < (this.restUntilMs.get(`${kind} ${zone}`) ?? 0);
  }

  forgive(zone: ZoneId, kind: OwnKind): void {
    this.counts.delete(`${kind} ${zone}`);
  }
}

/** Only the nearest candidate of each delivery, and no search: the cheapest round that still decides. */
export function greedyRound(input: RoundInput): RoundInput {
  return {
    ...input,
    greedy: true,
    candidates: input.candidates.map(([delivery, slots]) => [delivery, slots.slice(0, 1)] as const),
  };
}

export interface AgendaDeps<S, C> {
  readonly engine: Engine<S, C>;
  readonly clock: Clock;
  readonly failures: OwnFailures;
}

export class ZoneAgenda<S, C> {
  readonly zone: ZoneId;
  readonly index: ZoneIndex;
  private readonly deps: AgendaDeps<S, C>;
  private nextRoundMs = 0;
  private lastRoundHostMs = 0;
  private nextSilenceHostMs = 0;
  private nextStalledHostMs = 0;
  /** Something happened since a round last found nothing to do. */
  private roundWanted = true;

  constructor(deps: AgendaDeps<S, C>, zone: ZoneId, index: ZoneIndex) {
    this.deps = deps;
    this.zone = zone;
    this.index = index;
  }

  /** A commit touched the zone: rounds may have work again. */
  touched(): void {
    this.roundWanted = true;
  }

  timer(shard: S, atMs: number): ZoneInput | null {
    if (this.deps.failures.rests(this.zone, 'timer', this.deps.clock.hostMs())) return null;
    return this.deps.engine.dueMs(shard, this.zone) <= atMs ? { kind: 'timer' } : null;
  }

  silence(stretchMs: number): ZoneInput | null {
    const nowMs = this.deps.clock.hostMs();
    if (nowMs < this.nextSilenceHostMs) return null;
    if (this.deps.failures.rests(this.zone, 'silence', nowMs)) return null;
    this.nextSilenceHostMs = nowMs + SILENCE_EVERY_HOST_MS;
    return this.index.silence(nowMs, stretchMs);
  }

  stalled(): ZoneInput | null {
    const nowMs = this.deps.clock.hostMs();
    if (nowMs < this.nextStalledHostMs) return null;
    if (this.deps.failures.rests(this.zone, 'stalled', nowMs)) return null;
    this.nextStalledHostMs = nowMs + STALLED_EVERY_HOST_MS;
    return this.index.stalled(nowMs);
  }

  round(shard: S, atMs: number): RoundInput | null {
    const nowMs = this.deps.clock.hostMs();
    if (!this.roundWanted || atMs < this.nextRoundMs) return null;
    if (nowMs - this.lastRoundHostMs < ROUND_HOST_MS_MIN) return null;
    if (this.deps.failures.rests(this.zone, 'round', nowMs)) return null;
    this.nextRoundMs = atMs + this.deps.engine.roundMs(shard, this.zone);
    this.lastRoundHostMs = nowMs;
    const input = this.index.shortlist(nowMs);
    if (input.candidates.length === 0) {
      this.roundWanted = this.deps.engine.stats(shard, this.zone, atMs).open > 0;
      return null;
    }
    return this.deps.failures.count(this.zone, 'round') > 0 ? greedyRound(input) : input;
  }

  /** Host ms until the zone next wants a turn. */
  waitMs(shard: S): number {
    const { clock, engine } = this.deps;
    const nowMs = clock.hostMs();
    const timerMs = clock.hostMsAt(engine.dueMs(shard, this.zone)) - nowMs;
    const roundMs = this.roundWanted
      ? Math.max(
          clock.hostMsAt(this.nextRoundMs) - nowMs,
          this.lastRoundHostMs + ROUND_HOST_MS_MIN - nowMs,
        )
      : Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(timerMs, roundMs, this.nextSilenceHostMs - nowMs));
  }
}
