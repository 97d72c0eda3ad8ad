/**
 * When a source that fails is left alone. Closed: requests flow. After some failures in a row, or one
 * that says so, it rests, each time longer; then a single request tries whether it is well again.
 */
import type { RouteError } from './source.ts';

/** Failures in a row before a rest. */
const FAILURES_MAX = 3;
/** The first rest, doubled with each further failure up to the longest; host ms. */
const REST_MS = 1_000;
const REST_MS_MAX = 60_000;

export class Breaker {
  private failures = 0;
  private rests = 0;
  private restUntilMs = 0;

  /** Host ms until asking is allowed again; 0: now. */
  restMs(nowMs: number): number {
    return Math.max(0, this.restUntilMs - nowMs);
  }

  /** Requests that may be under way at once. */
  underWayMax(usual: number): number {
    return this.rests > 0 ? 1 : usual;
  }

  /** An answer came. True: the first one after a rest. */
  succeeded(): boolean {
    const isBack = this.rests > 0;
    this.failures = 0;
    this.rests = 0;
    return isBack;
  }

  /** Counts a failure. Returns the rest that begins with it, host ms; 0: none yet. */
  failed(error: RouteError, nowMs: number): number {
    this.failures++;
    const { failure, retryAfterMs } = error;
    const isClear = failure === 'rate_limited' || failure === 'refused' || this.rests > 0;
    if (!isClear && this.failures < FAILURES_MAX) return 0;
    const growing = Math.min(REST_MS_MAX, REST_MS * 2 ** Math.min(this.rests, 16));
    const longEnough = failure === 'refused' ? REST_MS_MAX : growing;
    this.rests++;
    return this.rest(Math.max(longEnough, retryAfterMs), nowMs);
  }

  /** Leaves the source alone for this long. */
  rest(ms: number, nowMs: number): number {
    this.restUntilMs = Math.max(this.restUntilMs, nowMs + ms);
    return ms;
  }
}
