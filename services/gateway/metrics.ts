/**
 * What the gateway counts. The hot path adds to plain numbers; prom-client reads them only when
 * somebody scrapes. Label values come from closed lists.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import { CLOSE_CODES } from '../../contracts/wire/close-codes.ts';

export const POSITION_OUTCOMES = [
  'live',
  'backlog',
  'no_zone',
  'older',
  'jump',
  'mock',
  'future',
  'range',
  'stale_session',
  'batch_lost',
  'trace_lost',
] as const;
export type PositionOutcome = (typeof POSITION_OUTCOMES)[number];

export const REFUSALS = [
  'malformed',
  'invalid',
  'too_large',
  'rate_limited',
  'hello_timeout',
  'token_invalid',
  'token_expired',
  'forbidden',
  'sockets_full',
  'subs_full',
  'mailbox_full',
  'unavailable',
  'slow_consumer',
  'not_hello',
  'update_app',
] as const;
export type Refusal = (typeof REFUSALS)[number];

export const FLOWS = [
  'messages',
  'loc_frames',
  'actions',
  'action_answers',
  'views',
  'pos_frames',
  'pos_updates',
  'events',
  'pictures',
  'latest_overwritten',
  'stray_reports',
  'relocations',
  'push_gaps',
  'http_requests',
] as const;
export type Flow = (typeof FLOWS)[number];

export type Tally<K extends string> = Record<K, number>;

export interface GatewayMetrics {
  readonly positions: Tally<PositionOutcome>;
  readonly refusals: Tally<Refusal>;
  readonly flows: Tally<Flow>;
  readonly closes: Tally<string>;
}

function tallyOf<K extends string>(keys: readonly K[]): Tally<K> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Tally<K>;
}

/** Makes the counters and, with a registry, shows them. `sockets` is asked at each scrape. */
export function createMetrics(registry: Registry | null, sockets: () => number): GatewayMetrics {
  const metrics: GatewayMetrics = {
    positions: tallyOf(POSITION_OUTCOMES),
    refusals: tallyOf(REFUSALS),
    flows: tallyOf(FLOWS),
    closes: tallyOf([...Object.keys(CLOSE_CODES), 'other']),
  };
  if (!registry) return metrics;
  show(
    registry,
    'positions_total',
    'Positions by what became of them',
    'outcome',
    metrics.positions,
  );
  show(registry, 'refusals_total', 'Messages and sockets refused', 'reason', metrics.refusals);
  show(registry, 'flows_total', 'Messages and frames by kind', 'kind', metrics.flows);
  show(registry, 'closes_total', 'Closed sockets by close code', 'code', metrics.closes);
  new Gauge({
    name: 'waggle_gateway_sockets',
    help: 'Open sockets',
    registers: [registry],
    collect() {
      this.set(sockets());
    },
  });
  return metrics;
}

function show(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  tally: Tally<string>,
): void {
  new Counter({
    name: `waggle_gateway_${name}`,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [key, value] of Object.entries(tally)) this.inc({ [label]: key }, value);
    },
  });
}
