/**
 * The scripts beside this file, by name. It owns sending them by hash and, on a Redis that does not
 * know one yet, sending them whole: a script that was not known has done nothing, so that is safe.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

export const SCRIPT_NAMES = [
  'append-2',
  'clock-1',
  'commit-4',
  'directory-1',
  'lease-acquire-2',
  'lease-release-1',
  'lease-renew-1',
  'log-trim-4',
  'poison-count-2',
  'routes-budget-1',
  'snapshot-flip-3',
] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

export type ScriptArgument = string | number | Buffer;

interface Script {
  readonly text: string;
  readonly hash: string;
  readonly keyCount: number;
}

export class Scripts {
  private readonly scripts = new Map<ScriptName, Script>();

  constructor() {
    for (const name of SCRIPT_NAMES) {
      const text = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
      const hash = createHash('sha1').update(text).digest('hex');
      this.scripts.set(name, {
        text,
        hash,
        keyCount: Number(name.slice(name.lastIndexOf('-') + 1)),
      });
    }
  }

  /** Runs a script; rejects with whatever Redis or the connection says. */
  async run(
    client: Redis,
    name: ScriptName,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    const script = this.scripts.get(name);
    if (!script || keys.length !== script.keyCount) {
      throw new TypeError(`script ${name} takes ${script?.keyCount} keys`);
    }
    try {
      return await client.evalsha(script.hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return client.eval(script.text, keys.length, ...keys, ...args);
    }
  }
}

/** Reads a script's answer as numbers. Throws TypeError on anything else. */
export function asNumbers(answer: unknown): number[] {
  if (!Array.isArray(answer)) throw new TypeError('script answer: expected a list');
  return answer.map((value) => {
    const number = Number(value);
    if (!Number.isFinite(number)) throw new TypeError(`script answer: expected a number`);
    return number;
  });
}
