/**
 * One POST to a receiver: bounded in time and in what is read of the answer, to public addresses
 * only, following no redirect. Owns the connections; never decides what a failure means.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { AttemptOutcome } from '../../contracts/api/webhooks.ts';
import { BlockedAddressError, hostOf, isPublicAddress, publicLookup } from './addresses.ts';

const TIMEOUT_MS = 10_000;
/** Read of an answer; the rest is not waited for. */
const ANSWER_BYTES_MAX = 4_096;
/** Kept of it. */
const BODY_CHARS_MAX = 500;
const ERROR_CHARS_MAX = 300;
const SOCKETS_PER_HOST_MAX = 16;
const IDLE_SOCKETS_MAX = 256;

export interface Posted {
  readonly outcome: AttemptOutcome;
  readonly status: number | null;
  readonly durationMs: number;
  readonly error: string | null;
  readonly body: string | null;
}

export interface Poster {
  /** Never rejects: what went wrong is in the answer. */
  post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    /** Host ms; default: that of the poster. */
    timeoutMs?: number,
  ): Promise<Posted>;
  /** Ends what is under way. */
  close(): void;
}

export interface PosterOptions {
  /** http and private addresses are allowed. */
  readonly insecure: boolean;
  /** Host ms of one try; default 10 s. */
  readonly timeoutMs?: number;
}

/** Makes a poster with its own connections. */
export function createPoster(options: PosterOptions): Poster {
  const closing = new AbortController();
  const pool = {
    keepAlive: true,
    maxSockets: SOCKETS_PER_HOST_MAX,
    maxFreeSockets: IDLE_SOCKETS_MAX,
  };
  const agents = { http: new http.Agent(pool), https: new https.Agent(pool) };
  return {
    async post(text, headers, body, timeoutMs = options.timeoutMs ?? TIMEOUT_MS) {
      const startedMs = performance.now();
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = AbortSignal.any([timeout, closing.signal]);
      const done = (posted: Omit<Posted, 'durationMs'>): Posted => ({
        ...posted,
        durationMs: Math.round(performance.now() - startedMs),
      });
      try {
        const answer = await send(new URL(text), { headers, body, signal, agents, ...options });
        const isGood = answer.status >= 200 && answer.status < 300;
        return done({ outcome: isGood ? 'delivered' : 'refused', error: null, ...answer });
      } catch (error) {
        const outcome = outcomeOf(error, timeout);
        return done({ outcome, status: null, error: messageOf(error, outcome), body: null });
      }
    },
    close() {
      closing.abort();
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

interface Sending {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly agents: { readonly http: http.Agent; readonly https: https.Agent };
  readonly insecure: boolean;
}

function send(
  url: URL,
  { headers, body, signal, agents, insecure }: Sending,
): Promise<{ status: number; body: string | null }> {
  const host = hostOf(url);
  // A literal address is connected to without any lookup.
  if (!insecure && isIP(host) !== 0 && !isPublicAddress(host)) {
    throw new BlockedAddressError('a private address');
  }
  if (!insecure && url.protocol !== 'https:') throw new BlockedAddressError('not https');
  const bytes = Buffer.from(body);
  const common = {
    method: 'POST',
    headers: { ...headers, 'content-length': bytes.length },
    signal,
    ...(insecure ? {} : { lookup: publicLookup }),
  };
  return new Promise((resolve, reject) => {
    const onAnswer = (response: http.IncomingMessage): void => {
      readStart(response, reject, (text) =>
        resolve({ status: response.statusCode ?? 0, body: text }),
      );
    };
    const request =
      url.protocol === 'https:'
        ? https.request(url, { ...common, agent: agents.https }, onAnswer)
        : http.request(url, { ...common, agent: agents.http }, onAnswer);
    request.once('error', reject);
    request.end(bytes);
  });
}

/** Reads the beginning of an answer; a longer one is cut off with its connection. */
function readStart(
  response: http.IncomingMessage,
  reject: (error: unknown) => void,
  done: (text: string | null) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (): void => done(cleanText(Buffer.concat(chunks).toString('utf8')));
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length < ANSWER_BYTES_MAX) return;
    finish();
    response.destroy();
  });
  response.once('end', finish);
  response.once('error', reject);
}

/** What Postgres can keep and people can read. */
function cleanText(text: string): string | null {
  const clean = text.replaceAll('\u0000', '').slice(0, BODY_CHARS_MAX).toWellFormed();
  return clean === '' ? null : clean;
}

function outcomeOf(error: unknown, timeout: AbortSignal): AttemptOutcome {
  if (error instanceof BlockedAddressError) return 'blocked';
  return timeout.aborted ? 'timeout' : 'failed';
}

function messageOf(error: unknown, outcome: AttemptOutcome): string {
  if (outcome === 'timeout') return 'no answer in time';
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? error);
  return text.replaceAll('\u0000', '').slice(0, ERROR_CHARS_MAX).toWellFormed();
}
