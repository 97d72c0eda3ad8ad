/**
 * Judges a run from its log alone: what took effect, how often, and whether it ended. It knows
 * nothing of the state; the core's own checks are run beside it after every commit.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { LogRecord } from '../runtime/log-record.ts';

export interface Counts {
  requested: number;
  delivered: number;
  cancelled: number;
  failed: number;
  returned: number;
  offers: number;
  accepted: number;
  transfers: number;
}

export class Verdict {
  readonly problems: string[] = [];
  readonly counts: Counts = {
    ...{ requested: 0, delivered: 0, cancelled: 0, failed: 0, returned: 0 },
    ...{ offers: 0, accepted: 0, transfers: 0 },
  };
  private readonly open = new Map<string, string | null>();
  private readonly ended = new Set<string>();
  private readonly offers = new Map<string, boolean>();
  private readonly actions = new Set<string>();
  private readonly lastSeq = new Map<number, number>();
  private readonly lastAtMs = new Map<number, number>();

  /** Takes the next committed record of a shard. */
  hear(shard: number, record: LogRecord): void {
    const before = this.lastSeq.get(shard) ?? 0;
    if (record.seq !== before + 1) this.blame(`shard ${shard}: ${record.seq} follows ${before}`);
    if (record.atMs < (this.lastAtMs.get(shard) ?? 0)) this.blame(`shard ${shard}: time went back`);
    this.lastSeq.set(shard, record.seq);
    this.lastAtMs.set(shard, record.atMs);
    for (const { event } of record.events) this.judge(event);
  }

  /** To be called when everything has settled. */
  finish(): void {
    for (const delivery of this.open.keys()) this.blame(`${delivery} never ended`);
    for (const [offer, closed] of this.offers) if (!closed) this.blame(`${offer} has no outcome`);
  }

  get openDeliveries(): number {
    return this.open.size;
  }

  /** Whether a numbered deed of a driver took effect (or was refused) in the log. */
  hasAction(driver: string, action: number): boolean {
    return this.actions.has(`${driver}#${action}`);
  }

  private blame(problem: string): void {
    this.problems.push(problem);
  }

  private once(set: Set<string>, key: string, what: string): void {
    if (set.has(key)) this.blame(`${what} ${key} twice`);
    set.add(key);
  }

  private judge(event: ZoneEvent): void {
    switch (event.type) {
      case 'delivery.requested':
        if (this.ended.has(event.request.id) || this.open.has(event.request.id)) {
          this.blame(`${event.request.id} requested twice`);
        }
        this.counts.requested++;
        this.open.set(event.request.id, null);
        return;
      case 'delivery.assigned': {
        const holder = this.open.get(event.delivery);
        if (holder) this.blame(`${event.delivery} held by ${holder} and ${event.driver}`);
        this.open.set(event.delivery, event.driver);
        return;
      }
      case 'delivery.unassigned':
        this.open.set(event.delivery, null);
        return;
      case 'delivery.ended':
        this.once(this.ended, event.delivery, 'ended');
        this.open.delete(event.delivery);
        this.counts[event.state]++;
        return;
      case 'offer.made':
        if (this.offers.has(event.offer)) this.blame(`${event.offer} made twice`);
        this.offers.set(event.offer, false);
        this.counts.offers++;
        return;
      case 'offer.closed':
        if (this.offers.get(event.offer) !== false) this.blame(`${event.offer} closed twice`);
        this.offers.set(event.offer, true);
        if (event.outcome === 'accepted') this.counts.accepted++;
        return;
      case 'driver.acted':
        this.once(this.actions, `${event.driver}#${event.action}`, 'action');
        return;
      case 'driver.leaving':
        this.counts.transfers++;
    }
  }
}
