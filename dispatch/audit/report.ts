/** An audit for people, and its verdict. Words and tables only; it decides nothing. */
import type { ZoneEvent } from '../../contracts/events.ts';
import { costOf, type ExplainedUnit, type Explanation } from '../../contracts/explanations.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import { positionText } from '../runtime/log-record.ts';
import type { Rerun } from './rerun.ts';

/**
 * `same`: decided again, the same answer. `differs`: another answer from the same engine, weights and
 * flags: the log, or what stands before it, is not what was decided on. `not_comparable`: another
 * answer, from another engine, weights or flags.
 */
export type Verdict = 'same' | 'differs' | 'not_comparable';

/** Costs of the engine are milliseconds weighted per mille. */
const COST_PER_SECOND = 1_000_000;
/** Differences told, and characters of each side. */
const DIFFERENCES_MAX = 20;
const DIFFERENCE_CHARS_MAX = 400;

export function verdictOf(rerun: Rerun): Verdict {
  if (rerun.differences.length === 0) return 'same';
  return changesOf(rerun).length > 0 ? 'not_comparable' : 'differs';
}

/** What is another now than when the round was decided, in words. */
export function changesOf({ engine, weights, flags }: Rerun): string[] {
  const changes: string[] = [];
  if (engine.recorded !== engine.here) {
    changes.push(`engine ${engine.recorded ?? 'unknown'} decided it, ${engine.here} is here`);
  }
  if (weights.recorded !== weights.here) {
    changes.push(`weights version ${weights.recorded ?? 'unknown'} then, ${weights.here} here`);
  }
  if (String(flags.recorded) !== String(flags.here)) {
    changes.push(`behaviour flags [${flags.recorded}] then, [${flags.here}] here`);
  }
  return changes;
}

/** Everything about a rerun as one plain object. */
export function auditJson(zone: ZoneId, shard: number, rerun: Rerun): object {
  const { record, differences, engine, weights, flags, source } = rerun;
  return {
    verdict: verdictOf(rerun),
    ...{ zone, shard, position: positionText(record), at: timeOf(record.atMs), source },
    ...{ engine, weights, flags, changes: changesOf(rerun), differences },
    ...{ recorded: rerun.recorded, decided: rerun.decided },
  };
}

/** A table for people. */
export function auditText(zone: ZoneId, shard: number, rerun: Rerun): string {
  const { record, source } = rerun;
  const where = `record ${positionText(record)}, read from ${source}`;
  const lines = [
    `zone ${zone} on shard ${shard}, ${roundName(rerun)} at ${timeOf(record.atMs)} (${where})`,
    `engine ${rerun.engine.recorded ?? 'unknown'}, weights version ${rerun.weights.recorded}`,
    '',
    ...unitsText(explanationOf(rerun.recorded), record.atMs),
    ...eventsText(rerun),
    '',
    ...verdictText(rerun),
  ];
  return lines.join('\n');
}

function roundName({ recorded }: Rerun): string {
  const done = recorded.find((event) => event.type === 'round.done');
  return done ? `round ${done.round}` : 'a round without an answer';
}

function explanationOf(events: readonly ZoneEvent[]): Explanation | null {
  return events.find((event) => event.type === 'round.explained') ?? null;
}

function unitsText(why: Explanation | null, atMs: number): string[] {
  if (!why) return ['The round explained nothing: it touched no delivery, or the zone wants none.'];
  const more = why.leftOff > 0 ? [`(${why.leftOff} more deliveries were touched)`] : [];
  return [...why.units.flatMap((unit) => [...unitText(why, unit, atMs), '']), ...more];
}

function unitText(why: Explanation, unit: ExplainedUnit, atMs: number): string[] {
  const named = (n: number | undefined) => (n === undefined ? 'nobody' : (why.drivers[n] ?? '?'));
  const own = unit.candidates.find(({ driver }) => driver === unit.chosen);
  const head = ['', 'driver', 'cost s', 'more s', 'alone s', 'pickup', 'door'];
  const rows = unit.candidates.map((each) => {
    const cost = costOf(each, why.weights);
    return [
      ...[each.driver === unit.chosen ? '>' : '', named(each.driver), seconds(cost)],
      own ? seconds(cost - costOf(own, why.weights)) : '',
      each.alone === null ? 'never' : seconds(each.alone),
      ...[clockOf(atMs + each.pickupMs), clockOf(atMs + each.doorMs)],
      ...each.terms.map((ms) => String(ms / 1000)),
    ];
  });
  const rejected = unit.rejected.map(([n, reason]) => `${named(n)} ${reason}`);
  const terms = why.terms.map((term, n) => `${term} s ×${why.weights[n]}‰`);
  const before = unit.before === unit.chosen ? '' : `, before: ${named(unit.before)}`;
  return [
    `${unit.deliveries.join(' + ')}: ${unit.outcome}, ${named(unit.chosen)}${before}`,
    ...table([[...head, ...terms], ...rows]),
    ...(rejected.length > 0 ? [`  rejected: ${rejected.join(', ')}`] : []),
    ...(unit.leftOff > 0 ? [`  ${unit.leftOff} more shortlisted`] : []),
  ];
}

/** What the round committed, one line per event that people care for. */
function eventsText({ recorded }: Rerun): string[] {
  return recorded.flatMap((event) => {
    if (event.type === 'offer.made') {
      return [`committed: ${event.offer} of ${event.deliveries.join(' + ')} to ${event.driver}`];
    }
    if (event.type === 'delivery.assigned') {
      return [`committed: ${event.delivery} assigned to ${event.driver} (${event.by})`];
    }
    if (event.type === 'round.thought') return [`chains changed: ${event.chains.length}`];
    return [];
  });
}

function verdictText(rerun: Rerun): string[] {
  const changes = changesOf(rerun);
  const verdict = verdictOf(rerun);
  if (verdict === 'same') {
    const despite = changes.length > 0 ? ` (although ${changes.join('; ')})` : '';
    return [`Decided again, the round gives the same answer as recorded${despite}.`];
  }
  const shown = rerun.differences
    .slice(0, DIFFERENCES_MAX)
    .flatMap((each) => [
      `- ${each.what}`,
      `    recorded ${cut(JSON.stringify(each.recorded))}`,
      `    decided  ${cut(JSON.stringify(each.decided))}`,
    ]);
  const why =
    verdict === 'not_comparable'
      ? `It cannot be held against the record: ${changes.join('; ')}.`
      : 'Engine, weights and flags are the same: what is recorded is not what was decided.';
  return ['Decided again, the round gives ANOTHER answer.', why, ...shown];
}

function cut(text: string): string {
  return text.length > DIFFERENCE_CHARS_MAX ? `${text.slice(0, DIFFERENCE_CHARS_MAX)}…` : text;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, n) => (n < 2 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
      .join('  '),
  );
}

function seconds(cost: number): string {
  return (cost / COST_PER_SECOND).toFixed(1);
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function clockOf(ms: number): string {
  return timeOf(ms).slice(11, 19);
}
