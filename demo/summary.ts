/**
 * The one-screen summary: redrawn in place on a terminal, plain lines elsewhere. It draws numbers it
 * is given and asks nobody.
 */
import type { DeliverySummary } from '../contracts/api/deliveries.ts';
import type { NodePicture } from '../contracts/push.ts';
import type { PositionTotals } from './node-watch.ts';

export interface Glance {
  readonly title: string;
  readonly page: string;
  readonly speed: number;
  /** Wall seconds since the first order could be placed. */
  readonly seconds: number;
  readonly stage: string;
  readonly placed: number;
  /** Open orders by the step of their saga. */
  readonly sagas: Readonly<Record<string, number>>;
  /** Deliveries by state, since the start of the run. */
  readonly deliveries: Readonly<Record<string, number>>;
  readonly offers: Readonly<Record<string, number>>;
  readonly clickToDoorMs: { readonly p50: number | null; readonly p90: number | null };
  readonly onTimePercent: number | null;
  readonly onDuty: number;
  readonly positionsSent: number;
  readonly positions: PositionTotals;
  readonly pictures: readonly NodePicture[];
  readonly takeoversMs: readonly number[];
  readonly zoneTime: string;
}

/** Counts of this run: what the API counts now, less what it counted before. */
export function sinceStart(
  now: DeliverySummary['deliveries'],
  before: DeliverySummary['deliveries'],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, count] of Object.entries(now)) {
    const rest = count - (before[name] ?? 0);
    if (rest !== 0) counts[name] = rest;
  }
  return counts;
}

/** Zone ms as minutes with one decimal. */
function minutes(ms: number | null): string {
  return ms === null ? '–' : `${(ms / 60_000).toFixed(1)} min`;
}

function counts(record: Readonly<Record<string, number>>): string {
  const parts = Object.entries(record).map(([name, count]) => `${name} ${count}`);
  return parts.length === 0 ? '–' : parts.join('  ');
}

function perDriver(glance: Glance): string {
  const shards = glance.pictures.flatMap(({ shards }) => shards);
  const open = shards.reduce((sum, shard) => sum + shard.open, 0);
  const idle = shards.reduce((sum, shard) => sum + shard.idle, 0);
  return idle === 0 ? `${open} open, nobody idle` : `${(open / idle).toFixed(2)} (${open}/${idle})`;
}

function oldestMs(glance: Glance): number | null {
  const ages = glance.pictures.flatMap(({ shards }) =>
    shards.flatMap(({ oldestUnassignedMs }) => oldestUnassignedMs ?? []),
  );
  return ages.length === 0 ? null : Math.max(...ages);
}

function owners(glance: Glance): string {
  const nodes = [...glance.pictures].sort((a, b) => (a.node < b.node ? -1 : 1));
  const words = nodes.map(({ node, shards }) => {
    const live = shards.filter(({ zones }) => zones.length > 0).map(({ shard }) => `s${shard}`);
    return `${node}: ${shards.length} shards${live.length > 0 ? ` (${live.join(' ')})` : ''}`;
  });
  return words.length === 0 ? '–' : words.join('   ');
}

/** The lines of the screen. */
export function screenLines(glance: Glance): string[] {
  const { clickToDoorMs, positions, takeoversMs } = glance;
  const onTime = glance.onTimePercent === null ? '–' : `${glance.onTimePercent} %`;
  const age = positions.ageMs.p99 === null ? '–' : `${Math.round(positions.ageMs.p99)} ms`;
  return [
    `Waggle  ${glance.title}  ×${glance.speed}  ${glance.page}`,
    `${glance.stage}, ${glance.seconds} s   zone time ${glance.zoneTime}   orders placed ${glance.placed}`,
    `open orders  ${counts(glance.sagas)}`,
    `deliveries   ${counts(glance.deliveries)}`,
    `offers       ${counts(glance.offers)}`,
    `click-to-door p50 ${minutes(clickToDoorMs.p50)}  p90 ${minutes(clickToDoorMs.p90)}   on time ${onTime}`,
    `couriers     ${glance.onDuty} on duty   open per idle ${perDriver(glance)}   ` +
      `oldest unassigned ${minutes(oldestMs(glance))}`,
    `positions    ${Math.round(positions.perSecond)}/s   age p99 ${age}   sent ${glance.positionsSent}` +
      `  indexed ${positions.indexed}  dropped ${positions.dropped}`,
    `shards       ${owners(glance)}`,
    `takeovers    ${takeoversMs.length === 0 ? 'none' : takeoversMs.map((ms) => `${ms} ms`).join(', ')}`,
  ];
}

/** One line for logs and pipes. */
export function plainLine(glance: Glance): string {
  const { clickToDoorMs, positions } = glance;
  return (
    `${glance.seconds} s ${glance.stage}: placed ${glance.placed}; ${counts(glance.deliveries)}; ` +
    `click-to-door p50 ${minutes(clickToDoorMs.p50)}; ${glance.onDuty} on duty, open per idle ` +
    `${perDriver(glance)}; ${Math.round(positions.perSecond)} positions/s`
  );
}

/** Where the summary goes: a terminal is redrawn, anything else gets a line now and then. */
export class Screen {
  private readonly out: NodeJS.WriteStream;
  private readonly isLive: boolean;
  private drawnLines = 0;
  private plainAtSeconds = -PLAIN_EVERY_SECONDS;

  constructor(out: NodeJS.WriteStream) {
    this.out = out;
    this.isLive = out.isTTY === true;
  }

  draw(glance: Glance): void {
    if (this.isLive) {
      const width = Math.max(40, this.out.columns ?? 100);
      const lines = screenLines(glance).map((line) => line.slice(0, width - 1));
      const up = this.drawnLines > 0 ? `\u001b[${this.drawnLines}A` : '';
      this.out.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}`);
      this.drawnLines = lines.length;
      return;
    }
    if (glance.seconds - this.plainAtSeconds < PLAIN_EVERY_SECONDS) return;
    this.plainAtSeconds = glance.seconds;
    this.out.write(`${plainLine(glance)}\n`);
  }

  /** A line of its own above the summary. */
  note(line: string): void {
    if (this.isLive && this.drawnLines > 0) {
      this.out.write(`\u001b[${this.drawnLines}A\u001b[J`);
      this.drawnLines = 0;
    }
    this.out.write(`${line}\n`);
  }
}

const PLAIN_EVERY_SECONDS = 5;
