/**
 * Owns sending HTTP requests at fixed times over kept-alive connections with as little work as can
 * be: request texts are given whole, answers are read only for their status. Open loop: a request
 * goes out when its time has come, and its latency runs from that time, so a server that falls
 * behind is seen and not forgiven.
 */
import { connect, type Socket } from 'node:net';
import { Samples } from './samples.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

export interface LanesReport {
  readonly sent: number;
  readonly statuses: Readonly<Record<number, number>>;
  readonly latencies: Samples;
  /** Ms between the time a request was meant to leave and when it found a free connection. */
  readonly lags: Samples;
  /** The first few bodies of answers that were no success. */
  readonly refusals: readonly string[];
}

interface Waiting {
  readonly text: string;
  readonly dueMs: number;
}

/** One connection: one request at a time. */
class Lane {
  private readonly socket: Socket;
  private received: Buffer = Buffer.alloc(0);
  private done: ((status: number, body: string) => void) | null = null;

  constructor(port: number, onBroken: (error: Error) => void) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.on('error', onBroken);
    // A request on a connection that the server has closed would never be heard of again.
    this.socket.on('end', () => onBroken(new Error('the server closed a connection')));
  }

  send(text: string, done: (status: number, body: string) => void): void {
    this.done = done;
    this.socket.write(text);
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.received.toString('latin1', 0, headEnd);
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    const bodyStart = headEnd + HEAD_END.length;
    const isWhole =
      length === undefined
        ? this.received.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
        : this.received.length >= bodyStart + Number(length);
    if (!isWhole) return;
    const status = Number(head.slice(9, 12));
    const body = status < 300 ? '' : this.received.toString('utf8', bodyStart);
    this.received = Buffer.alloc(0);
    this.done?.(status, body);
  }
}

export interface LanesOptions {
  readonly port: number;
  readonly lanes: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** The n-th request, whole: head and body. */
  readonly request: (n: number) => string;
}

const TICK_MS = 2;
const REFUSALS_MAX = 5;
/** Longest wait for the last answers. */
const LAST_MS = 30_000;

/** Sends at the given rate for the given time and waits for the last answers. */
export async function runLanes(options: LanesOptions): Promise<LanesReport> {
  const { port, lanes, perSecond, seconds, request } = options;
  const latencies = new Samples();
  const lags = new Samples();
  const statuses: Record<number, number> = {};
  const refusals: string[] = [];
  const waiting: Waiting[] = [];
  let broken: Error | undefined;
  const free = Array.from({ length: lanes }, () => new Lane(port, (error) => (broken = error)));
  const all = [...free];
  let answered = 0;
  const total = Math.round(perSecond * seconds);
  const startMs = performance.now();
  const pass = (): void => {
    // The one that rested longest: none is idle for so long that the server closes it.
    for (let lane = free.shift(); lane !== undefined; lane = free.shift()) {
      const next = waiting.shift();
      if (next === undefined) {
        free.unshift(lane);
        return;
      }
      const used = lane;
      lags.add(performance.now() - next.dueMs);
      used.send(next.text, (status, body) => {
        latencies.add(performance.now() - next.dueMs);
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status >= 300 && refusals.length < REFUSALS_MAX) refusals.push(body);
        answered++;
        free.push(used);
        pass();
      });
    }
  };
  let made = 0;
  while (answered < total) {
    const nowMs = performance.now();
    const due = Math.min(total, Math.floor(((nowMs - startMs) / 1_000) * perSecond));
    for (; made < due; made++) {
      waiting.push({ text: request(made), dueMs: startMs + (made / perSecond) * 1_000 });
    }
    pass();
    if (broken !== undefined) throw broken;
    if (nowMs - startMs > seconds * 1_000 + LAST_MS) break;
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  for (const lane of all) lane.close();
  return { sent: made, statuses, latencies, lags, refusals };
}
