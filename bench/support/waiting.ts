/** Owns waiting in benchmarks: for a condition with a deadline, or for a stretch to measure. */
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/** Resolves when `holds` does. Throws, naming `what`, after `deadlineMs`. */
export async function waitUntil(
  deadlineMs: number,
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await delay(LOOK_EVERY_MS);
  }
}

/** Lets this many ms pass. */
export async function pass(ms: number): Promise<void> {
  await delay(ms);
}
