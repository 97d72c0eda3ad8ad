/**
 * The REST door: calls under /api/v1, repeated while the system is away. Every call that is repeated
 * is harmless to repeat (reads, calls with an idempotency key, registrations that answer 409).
 * It holds no state of the run; tokens live in `Session`.
 */
import type { Problem } from '../contracts/errors.ts';

/** How long one attempt may take, wall ms. */
const ATTEMPT_MS = 10_000;
/** How long a call is repeated, wall ms: longer than any part needs to come back. */
export const CALL_MS_MAX = 60_000;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 2_000;
/** Calls under way at once; further ones wait their turn in order. */
export const CALLS_MAX = 16;

/** The API said no, or stayed away for too long (status 0). */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(what: string, status: number, problem: Partial<Problem>) {
    const fields =
      problem.fields?.map((each) => `${each.field}: ${each.expected}`).join('; ') ?? '';
    const words = [problem.code, problem.detail ?? problem.title, fields].filter(Boolean);
    super(`${what}: ${status === 0 ? 'no answer' : status} ${words.join(', ')}`);
    this.status = status;
    this.problem = problem;
  }
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Under /api/v1, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly idempotencyKey?: string;
  /** Wall ms after which it is not repeated any more; default CALL_MS_MAX. */
  readonly withinMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface RestCounters {
  calls: number;
  /** Attempts after the first of a call. */
  repeats: number;
}

export class Rest {
  readonly counters: RestCounters = { calls: 0, repeats: 0 };
  private readonly base: string;
  private readonly stop: AbortSignal;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(apiUrl: string, stop: AbortSignal) {
    this.base = `${apiUrl}/api/v1`;
    this.stop = stop;
  }

  /** Calls and gives the body. Throws RestError for any answer that is not a success. */
  async call<T>(call: Call): Promise<T> {
    const { status, body } = await this.ask(call);
    if (status >= 200 && status < 300) return body as T;
    throw new RestError(`${call.method} ${call.path}`, status, (body ?? {}) as Partial<Problem>);
  }

  /** Calls, repeats what may be repeated, and gives whatever the API said in the end. */
  async ask(call: Call): Promise<Answer> {
    await this.enter();
    try {
      this.counters.calls++;
      return await this.repeat(call);
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }

  private async enter(): Promise<void> {
    if (this.running >= CALLS_MAX) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running++;
  }

  private async repeat(call: Call): Promise<Answer> {
    const deadline = performance.now() + (call.withinMs ?? CALL_MS_MAX);
    for (let attempt = 0; ; attempt++) {
      const answer = await this.attempt(call);
      const isFinal = answer.status !== 0 && answer.status !== 429 && answer.status < 500;
      if (isFinal || performance.now() >= deadline || this.stop.aborted) return answer;
      this.counters.repeats++;
      const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** attempt);
      await pause(BACKOFF_MS_MIN + Math.random() * ceiling);
    }
  }

  private async attempt(call: Call): Promise<Answer> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (call.token !== undefined) headers.authorization = `Bearer ${call.token}`;
    if (call.idempotencyKey !== undefined) headers['idempotency-key'] = call.idempotencyKey;
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await fetch(this.base + call.path, {
        method: call.method,
        headers,
        signal: AbortSignal.timeout(ATTEMPT_MS),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      const text = await response.text();
      return { status: response.status, body: parse(text) };
    } catch (error) {
      // Refused, reset, timed out: nothing is known, so the call is repeated.
      return { status: 0, body: { detail: String((error as Error).cause ?? error) } };
    }
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 200) };
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs `work` over all items, at most `width` at once, in order of start. */
export async function eachBounded<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
