/**
 * Owns noticing what a test file forgot to close. A forgotten handle would otherwise show as a file
 * that never ends, without saying which.
 */
import { after } from 'node:test';
import { waitFor } from './wait-for.ts';

/** Closing takes a few turns of the event loop; anything still there after this was forgotten. */
const SETTLE_MS = 2_000;
/** Time for the failure to be reported before a process that cannot end by itself is ended. */
const REPORT_MS = 1_000;
const watched = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'TLSWrap',
  'PipeConnectWrap',
  'PipeServerWrap',
  'UDPWrap',
  'Timeout',
  'Immediate',
  'MessagePort',
  'Worker',
  'ProcessWrap',
  'FSEventWrap',
]);

function countActive(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (watched.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Call at the top of a test file, after file-wide helpers: what is open at its end is a failure. */
export function failOnLeaks(): void {
  const before = countActive();
  const leaked = (): string[] =>
    [...countActive()]
      // The wait itself holds one timer while it looks.
      .map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)] as const)
      .filter(([, count]) => count > 0)
      .map(([kind, count]) => `${count} ${kind}`);
  after(async () => {
    try {
      await waitFor(() => leaked().length === 0, { timeoutMs: SETTLE_MS, what: 'all closed' });
    } catch {
      setTimeout(() => process.exit(1), REPORT_MS).unref();
      throw new Error(`the file left open: ${leaked().join(', ')}`);
    }
  });
}
