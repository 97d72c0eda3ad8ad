/**
 * Owns running groups of test files one after the other as one run of node:test: one stream, one set
 * of closing lines. Groups exist because end-to-end tests measure a whole stack and cannot share two
 * cores with the rest.
 */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';

export interface TestGroup {
  readonly files: readonly string[];
  /** Files at a time. */
  readonly concurrency: number;
  /** Host milliseconds one test may take. */
  readonly timeoutMs: number;
  /** Awaited before the group begins. */
  readonly ready?: Promise<void> | undefined;
}

/** What the event stream of node:test hands to a reporter, as far as it is rewritten here. */
interface TestEvent {
  readonly type: string;
  data: Record<string, unknown>;
}

const COUNTER = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** Runs the groups and reports to standard output. Gives true when nothing failed. */
export async function runGroups(
  groups: readonly TestGroup[],
  signal: AbortSignal,
): Promise<boolean> {
  const totals = new Map<string, number>();
  const events = Readable.from(mergedEvents(groups, signal, totals), { objectMode: true });
  // A pipe gets TAP and a terminal the tree, as `node --test` itself would choose.
  const report = process.stdout.isTTY ? events.pipe(new spec()) : events.compose(tap);
  report.pipe(process.stdout, { end: false });
  await finished(report, { writable: false });
  const bad = (totals.get('fail') ?? 0) + (totals.get('cancelled') ?? 0);
  return bad === 0 && !signal.aborted;
}

async function* mergedEvents(
  groups: readonly TestGroup[],
  signal: AbortSignal,
  totals: Map<string, number>,
): AsyncGenerator<TestEvent> {
  let topLevelTests = 0;
  for (const { files, concurrency, timeoutMs, ready } of groups) {
    await ready;
    if (files.length === 0 || signal.aborted) continue;
    const stream = run({ files: [...files], concurrency, timeout: timeoutMs, signal });
    for await (const each of stream) {
      const event = each as unknown as TestEvent;
      const topLevel = event.data.nesting === 0;
      if (event.type === 'test:plan' && topLevel) continue;
      if (event.type === 'test:summary' && event.data.file === undefined) continue;
      if (event.type === 'test:diagnostic' && topLevel && count(event.data.message, totals))
        continue;
      if ((event.type === 'test:pass' || event.type === 'test:fail') && topLevel) {
        topLevelTests += 1;
        event.data = { ...event.data, testNumber: topLevelTests };
      }
      yield event;
    }
  }
  yield { type: 'test:plan', data: { nesting: 0, count: topLevelTests } };
  for (const [name, value] of totals) {
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${value}` } };
  }
}

/** Adds a closing line of one group to the totals; gives false for any other message. */
function count(message: unknown, totals: Map<string, number>): boolean {
  const [, name, value] = (typeof message === 'string' ? COUNTER.exec(message) : null) ?? [];
  if (name === undefined || value === undefined) return false;
  totals.set(name, (totals.get(name) ?? 0) + Number(value));
  return true;
}
