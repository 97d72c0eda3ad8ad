/**
 * Keeps one lease alive and knows, from its own clock alone, until when it is safe to act on it. It
 * counts from before each request was sent, so the store can only grant longer than it believes.
 */
import { LEASE_MARGIN_MS, LEASE_RENEWALS } from './limits.ts';
import type { Clock, Fence, LeasePort } from './ports.ts';

export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

export class LeaseKeeper {
  readonly fence: Fence;
  private readonly port: LeasePort;
  private readonly clock: Clock;
  private readonly ttlMs: number;
  private askedMs: number;
  private renewing: Promise<void> | null = null;
  private lost = false;

  constructor(
    deps: { readonly port: LeasePort; readonly clock: Clock; readonly ttlMs: number },
    fence: Fence,
    askedMs: number,
  ) {
    this.port = deps.port;
    this.clock = deps.clock;
    this.ttlMs = deps.ttlMs;
    this.fence = fence;
    this.askedMs = askedMs;
  }

  /** Host time from which on we must not act any more. */
  get safeUntilMs(): number {
    return this.askedMs + this.ttlMs - LEASE_MARGIN_MS;
  }

  /** Host ms until the next renewal is due. */
  get renewInMs(): number {
    return this.askedMs + this.ttlMs / LEASE_RENEWALS - this.clock.hostMs();
  }

  /** Throws LeaseLostError when the lease is gone or may be. */
  assertSafe(): void {
    if (this.lost) throw new LeaseLostError('the lease belongs to another owner');
    if (this.clock.hostMs() >= this.safeUntilMs) {
      throw new LeaseLostError('the lease could not be renewed in time');
    }
  }

  /**
   * Renews in the background when due; one request at a time. A failed request is tried again at the
   * next call, for as long as the lease is safe.
   */
  renewWhenDue(): void {
    if (this.renewing || this.lost || this.renewInMs > 0) return;
    this.renewing = this.renew().finally(() => {
      this.renewing = null;
    });
  }

  /** Waits for a renewal that is under way. */
  async settle(): Promise<void> {
    await this.renewing;
  }

  private async renew(): Promise<void> {
    const sentMs = this.clock.hostMs();
    try {
      if (await this.port.renew(this.fence, this.ttlMs)) this.askedMs = sentMs;
      else this.lost = true;
    } catch {
      // The store is away: `safeUntilMs` decides how long we may go on without it.
    }
  }
}
