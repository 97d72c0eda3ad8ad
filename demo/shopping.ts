/**
 * What customers do around an order: look for the vendor, choose how to pay, say how it was. Draws
 * from a stream of its own; a real day has none of it.
 */
import type { OrderPlaced } from '../contracts/api/orders.ts';
import type { SearchAnswer } from '../contracts/api/search.ts';
import type { PaymentMethod } from '../contracts/messages/payments.ts';
import type { RandomStream } from './random.ts';
import type { Rest } from './rest.ts';
import type { LatLon, Trade } from './scenario.ts';
import type { Session } from './session.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** A customer who is asked how it was while the order is still being settled tries again, wall ms. */
const RATE_AGAIN_MS = 1_000;
const RATE_TRIES_MAX = 10;
/** A customer does not wait longer for what was searched, wall ms. */
const SEARCH_MS_MAX = 2_000;

export interface ShoppingCounts {
  searched: number;
  found: number;
  rated: number;
}

export class Shopping {
  readonly counts: ShoppingCounts = { searched: 0, found: 0, rated: 0 };
  private readonly rest: Rest;
  private readonly wheel: TimerWheel;
  private readonly trade: Trade | null;
  private readonly random: RandomStream;

  constructor(rest: Rest, wheel: TimerWheel, trade: Trade | null, random: RandomStream) {
    this.rest = rest;
    this.wheel = wheel;
    this.trade = trade;
    this.random = random;
  }

  /** Some look for the vendor first, with a slip of the finger in its name. */
  async search(vendor: { id: string; name: string }, at: LatLon): Promise<void> {
    if (!this.draws('searchPerMille')) return;
    const q = encodeURIComponent(misspelt(vendor.name, this.random));
    const path = `/search?q=${q}&find=vendors&lat=${at.lat}&lon=${at.lon}&deliversHere=true`;
    const { status, body } = await this.rest.ask({ method: 'GET', path, withinMs: SEARCH_MS_MAX });
    // A part that is away finds nothing, and says so.
    if (status !== 200) return;
    this.counts.searched++;
    const { items } = body as SearchAnswer;
    if (items.some((hit) => hit.vendor.id === vendor.id)) this.counts.found++;
  }

  /** Cash, or a card that the test method knows; now and then one that is declined. */
  payment(): PaymentMethod | undefined {
    if (!this.draws('cardPerMille')) return undefined;
    return { kind: 'test', token: this.draws('declinedPerMille') ? 'insufficient_funds' : 'ok' };
  }

  wantsSpecial(): boolean {
    return this.draws('specialPerMille');
  }

  /** Zone ms that the kitchen takes longer than it says. */
  lateMs(): number {
    const { trade, random } = this;
    if (!trade || !this.draws('latePerMille')) return 0;
    return random.int(trade.lateMsMin, trade.lateMsMax);
  }

  /** Somebody whose order has come says how it was. */
  rate(placed: OrderPlaced, customer: Session): void {
    if (!this.draws('ratePerMille')) return;
    const body = { vendorStars: this.random.int(3, 5), driverStars: this.random.int(3, 5) };
    this.tryToRate(placed, customer, body, 1);
  }

  private tryToRate(placed: OrderPlaced, customer: Session, body: object, tries: number): void {
    this.wheel.after(RATE_AGAIN_MS, () => {
      void (async () => {
        const token = await customer.token();
        const path = `/orders/${placed.id}/rating`;
        const { status } = await this.rest.ask({ method: 'POST', path, token, body });
        if (status >= 200 && status < 300) this.counts.rated++;
        // Delivered, but the order has not heard of it yet.
        else if (status === 409 && tries < RATE_TRIES_MAX) {
          this.tryToRate(placed, customer, body, tries + 1);
        }
      })();
    });
  }

  private draws(share: keyof Trade): boolean {
    return this.trade !== null && this.random.chance(this.trade[share]);
  }
}

/** Leaves out one letter, not the first. */
function misspelt(text: string, random: RandomStream): string {
  const at = random.int(1, Math.max(1, text.length - 1));
  return text.slice(0, at) + text.slice(at + 1);
}
