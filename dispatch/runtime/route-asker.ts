/**
 * Asks for the road times that the zones of one tenure want, beside the turns and never within one.
 * Answers wait here until the next turn commits them. Nothing in here is state: after a takeover the
 * new owner simply asks again for what its zones do not know.
 */
import type { ZoneId } from '../../contracts/ids.ts';
import { pairKey, ROUTED_ANSWERS_MAX, type RouteWant, type ZoneInput } from '../core/index.ts';
import type { Engine, RoundInput } from './engine.ts';
import type { LogRecord } from './log-record.ts';
import type { Clock } from './ports.ts';
import type { RoutesPort, RoutesTold } from './routes-port.ts';

/** A zone asks at most this often, host ms… */
const ASK_EVERY_HOST_MS = 1_000;
/** …for at most this many pairs; the rest of its wants come again after a later round. */
const WANTS_MAX = 500;
/** A pair that was asked for in vain is not asked for again within this; host ms. */
const ASKED_REST_MS = 300_000;
/** Pairs remembered as asked for and not told; the oldest are forgotten and may be asked for again. */
const ASKED_MAX = 10_000;
/** Answers of a zone waiting for a turn, in batches; the oldest batch is dropped. */
const WAITING_MAX = 64;

type TravelInput = Extract<ZoneInput, { kind: 'travel' }>;

export class RouteAsker<S, C> {
  private readonly engine: Engine<S, C>;
  private readonly clock: Clock;
  private readonly routes: RoutesPort;
  private readonly wake: () => void;
  /** By zone and pair, when it was asked for; oldest first. */
  private readonly asked = new Map<string, number>();
  private readonly nextAskMs = new Map<ZoneId, number>();
  private readonly waiting = new Map<ZoneId, RoutesTold[]>();
  private closed = false;

  /** @param wake makes the host turn soon */
  constructor(
    deps: { readonly engine: Engine<S, C>; readonly ports: { readonly clock: Clock } },
    routes: RoutesPort,
    wake: () => void,
  ) {
    this.engine = deps.engine;
    this.clock = deps.ports.clock;
    this.routes = routes;
    this.wake = wake;
  }

  /** After a commit: its rounds show what the zones want and have not asked for lately. */
  follow(shard: S, record: LogRecord): void {
    for (const { zone, input } of record.inputs) {
      if (input.kind === 'round') this.consider(shard, zone, input, record.atMs);
    }
  }

  private consider(shard: S, zone: ZoneId, round: RoundInput, atMs: number): void {
    const { engine, clock, routes } = this;
    const nowMs = clock.hostMs();
    if (!routes.ready || nowMs < (this.nextAskMs.get(zone) ?? 0)) return;
    this.nextAskMs.set(zone, nowMs + ASK_EVERY_HOST_MS);
    const wants: RouteWant[] = [];
    for (const want of engine.routeWants(shard, zone, round, atMs)) {
      if (!this.mayAsk(`${zone} ${want.key}`, nowMs)) continue;
      wants.push(want);
      if (wants.length === WANTS_MAX) break;
    }
    if (wants.length > 0) routes.ask(wants, (told) => this.hear(zone, told));
  }

  /** What the zone was told since the last turn, as its next input; null: nothing. */
  take(zone: ZoneId): TravelInput | null {
    const batches = this.waiting.get(zone);
    const told = batches?.shift();
    if (!batches || !told) return null;
    const times = told.times.slice(0, ROUTED_ANSWERS_MAX);
    const rest = told.times.slice(ROUTED_ANSWERS_MAX);
    if (rest.length > 0) batches.unshift({ ...told, times: rest });
    if (batches.length > 0) this.wake();
    else this.waiting.delete(zone);
    // What the zone knows now it wants again as soon as it runs out.
    for (const [vehicle, from, to] of times) {
      this.asked.delete(`${zone} ${pairKey(vehicle, { from, to })}`);
    }
    return { kind: 'travel', source: told.source, holdsMs: told.holdsMs, times };
  }

  /** The state it asked for is no longer ours: late answers are dropped. */
  close(): void {
    this.closed = true;
    this.waiting.clear();
  }

  private mayAsk(key: string, nowMs: number): boolean {
    const askedMs = this.asked.get(key);
    if (askedMs !== undefined && nowMs - askedMs < ASKED_REST_MS) return false;
    this.asked.delete(key);
    this.asked.set(key, nowMs);
    for (const oldest of this.asked.keys()) {
      if (this.asked.size <= ASKED_MAX) break;
      this.asked.delete(oldest);
    }
    return true;
  }

  private hear(zone: ZoneId, told: RoutesTold): void {
    if (this.closed || told.times.length === 0) return;
    const batches = this.waiting.get(zone) ?? [];
    batches.push(told);
    if (batches.length > WAITING_MAX) batches.shift();
    this.waiting.set(zone, batches);
    this.wake();
  }
}
