/** What a dispatch node shows of the shadows it runs: Prometheus gauges by zone, read when asked for. */
import { Gauge, type Registry } from 'prom-client';
import type { OutcomeFigures, PlanFigures, ShadowReport } from '../../contracts/shadow.ts';

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Figure {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (report: ShadowReport) => readonly Sample[];
}

const FIGURES: readonly Figure[] = [
  {
    name: 'waggle_shadow_lag_records',
    help: 'Log records the shadow runner is behind the zone it follows',
    labels: [],
    read: ({ following }) => [[{}, following.lagRecords]],
  },
  {
    name: 'waggle_shadow_records_dropped',
    help: 'Log records left out because the shadow runner was too far behind, since it began',
    labels: [],
    read: ({ following }) => [[{}, following.recordsDropped]],
  },
  {
    name: 'waggle_shadow_worked_ms',
    help: 'Time the shadow runner has worked on the shard of a zone, ms',
    labels: [],
    read: ({ following }) => [[{}, following.workedMs]],
  },
  {
    name: 'waggle_shadow_rounds',
    help: 'Live rounds decided again under the shadow, in its window',
    labels: [],
    read: ({ predicted }) => [[{}, predicted?.rounds ?? 0]],
  },
  {
    name: 'waggle_shadow_moved_ratio',
    help: 'Part of the deliveries seated on both sides that the shadow gives to another driver',
    labels: [],
    read: ({ predicted }) =>
      predicted ? [[{}, predicted.moved / Math.max(1, predicted.seatedByBoth)]] : [],
  },
  {
    name: 'waggle_shadow_predicted_cost_seconds',
    help: 'Predicted cost of the plans per delivery, by whose plans and under whose weights',
    labels: ['side', 'weights'],
    read: bySide((figures, side) => [
      [{ side, weights: 'live' }, figures.costUnderLive],
      [{ side, weights: 'shadow' }, figures.costUnderShadow],
    ]),
  },
  {
    name: 'waggle_shadow_predicted_door_delay_ms',
    help: 'Predicted time from ready to door, mean per delivery of a round, by whose plans',
    labels: ['side'],
    read: bySide((figures, side) => [[{ side }, figures.doorDelayMs]]),
  },
  {
    name: 'waggle_shadow_click_to_door_ms',
    help: 'Click to door of deliveries made: simulated live, simulated shadow, and real',
    labels: ['side', 'quantile'],
    read: byOutcome((figures, side) => [
      ...known({ side, quantile: '0.5' }, figures.clickToDoorP50Ms),
      ...known({ side, quantile: '0.9' }, figures.clickToDoorP90Ms),
    ]),
  },
  {
    name: 'waggle_shadow_delivered',
    help: 'Deliveries made in the window: simulated live, simulated shadow, and real',
    labels: ['side'],
    read: byOutcome((figures, side) => [[{ side }, figures.delivered]]),
  },
  {
    name: 'waggle_shadow_undelivered',
    help: 'Deliveries given up in the window: simulated live, simulated shadow, and real',
    labels: ['side'],
    read: byOutcome((figures, side) => [[{ side }, figures.undelivered]]),
  },
];

function bySide(
  read: (figures: PlanFigures, side: string) => readonly Sample[],
): (report: ShadowReport) => readonly Sample[] {
  return ({ predicted }) =>
    predicted ? [...read(predicted.live, 'live'), ...read(predicted.shadow, 'shadow')] : [];
}

function byOutcome(
  read: (figures: OutcomeFigures, side: string) => readonly Sample[],
): (report: ShadowReport) => readonly Sample[] {
  return ({ simulated }) =>
    simulated
      ? (['live', 'shadow', 'real'] as const).flatMap((side) => read(simulated[side], side))
      : [];
}

function known(labels: Readonly<Record<string, string>>, value: number | null): Sample[] {
  return value === null ? [] : [[labels, value]];
}

/** Registers the gauges; `reports` gives the newest report of each zone. */
export function showShadows(registry: Registry, reports: () => readonly ShadowReport[]): void {
  for (const { name, help, labels, read } of FIGURES) {
    new Gauge({
      name,
      help,
      labelNames: ['zone', ...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const report of reports()) {
          for (const [own, value] of read(report)) this.set({ zone: report.zone, ...own }, value);
        }
      },
    });
  }
}
