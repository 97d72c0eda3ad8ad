/** One HTTP request for JSON, with a time-out and a bound on the answer. Knows no provider. */
import { RouteError } from './source.ts';

/** Largest answer that is read; 625 elements of Google are about 100 KB. */
const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
/** Longest that a source may ask us to wait, host ms. */
const RETRY_AFTER_MS_MAX = 3_600_000;

export interface JsonAnswer {
  readonly status: number;
  /** Undefined when the body is no JSON, as a page of a proxy. */
  readonly body: unknown;
  /** From the Retry-After header in seconds; 0: none. */
  readonly retryAfterMs: number;
}

/** Rejects with RouteError `timeout`, `unreachable` or (an endless answer) `nonsense`. */
export async function askJson(url: string, init: RequestInit): Promise<JsonAnswer> {
  try {
    // A redirect could carry the key elsewhere.
    const response = await fetch(url, { ...init, redirect: 'error' });
    const text = await readText(response);
    const seconds = Number(response.headers.get('retry-after') ?? 0);
    const retryAfterMs = Number.isFinite(seconds) ? Math.max(0, seconds * 1_000) : 0;
    return {
      status: response.status,
      body: parse(text),
      retryAfterMs: Math.min(RETRY_AFTER_MS_MAX, retryAfterMs),
    };
  } catch (error) {
    if (error instanceof RouteError) throw error;
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    if (isTimeout) throw new RouteError('timeout', 'no answer in time');
    throw new RouteError('unreachable', reasonOf(error));
  }
}

/** The failure that a status other than 200 means to any client. */
export function failureOf({ status, retryAfterMs }: JsonAnswer, reason: string): RouteError {
  const text = `HTTP ${status}${reason === '' ? '' : `, ${reason.slice(0, 120)}`}`;
  if (status === 429) return new RouteError('rate_limited', text, retryAfterMs);
  if (status >= 500) return new RouteError('unavailable', text, retryAfterMs);
  return new RouteError('refused', text, retryAfterMs);
}

async function readText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new RouteError('nonsense', 'the answer does not end');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fetch hides the reason in `cause`; the address in it is of our own configuration. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'no connection';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
