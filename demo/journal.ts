/**
 * The journal of the outside: what was acknowledged to customers and couriers, and what they were
 * shown. It knows nothing of Waggle's inside. At the end `judge` (verdict.ts) holds it against what
 * the public API says of each delivery. Pure: wall ms and zone ms come in as arguments.
 *
 * Bounds: one small record per order, offer and acknowledged deed; the run itself bounds those.
 */

import type { DeliveryId, DriverId, OfferId, OrderId } from '../contracts/ids.ts';
import type { DriverView } from '../contracts/push.ts';
import type { Deed } from '../contracts/refusals.ts';
import type { DeliveryState } from '../contracts/states.ts';

export interface JournalOrder {
  readonly order: OrderId;
  readonly delivery: DeliveryId;
  /** Zone ms of the placement by the API's answer. */
  readonly placedMs: number;
  /** Latest hand-over by the data; null: the zone's promise counts. */
  readonly promiseMs: number | null;
  /** The earliest hand-over that any policy could have reached; zone ms. */
  readonly leastDoorMs: number;
  /** What the API answered to a cancel: `done` is 200, `coming` is 202, `late` is 409. */
  cancel: 'none' | 'done' | 'coming' | 'late';
}

/** A deed that was answered: without `refused` the zone has taken it. */
export interface JournalDeed {
  readonly driver: DriverId;
  readonly action: number;
  readonly deed: Deed;
  readonly delivery: DeliveryId | null;
  readonly offer: OfferId | null;
  readonly refused: string | null;
  /** Zone ms at which the courier did it. */
  readonly atMs: number;
}

/** A stretch of wall time in which one courier's app showed a delivery as theirs. */
export interface Holding {
  readonly driver: DriverId;
  readonly fromMs: number;
  /** Infinity while it is still shown. */
  untilMs: number;
}

export interface JournalOffer {
  readonly drivers: Set<DriverId>;
  readonly answers: Set<'accepted' | 'declined'>;
}

/** How long a view may have been under way; wall ms. */
export const VIEW_LAG_MS = 5_000;

export class Journal {
  readonly orders = new Map<DeliveryId, JournalOrder>();
  readonly deeds: JournalDeed[] = [];
  readonly holdings = new Map<DeliveryId, Holding[]>();
  readonly offers = new Map<OfferId, JournalOffer>();
  /** Positions that went back in time on a customer's screen, by delivery. */
  readonly backwards = new Map<DeliveryId, { count: number; byMs: number }>();
  /** Ends that customers' screens have shown. */
  readonly ends = new Map<DeliveryId, DeliveryState>();
  /** Couriers whose app was shown, after an acknowledgement, that the zone knows less. */
  readonly forgotten = new Map<DriverId, { readonly acked: number; readonly known: number }>();
  private readonly acked = new Map<
    DriverId,
    { readonly action: number; readonly wallMs: number }
  >();
  private readonly lastFix = new Map<DeliveryId, number>();
  private readonly shown = new Map<DriverId, Map<DeliveryId, Holding>>();

  orderPlaced(order: Omit<JournalOrder, 'cancel'>): void {
    if (!this.orders.has(order.delivery))
      this.orders.set(order.delivery, { ...order, cancel: 'none' });
  }

  cancelAnswered(delivery: DeliveryId, answer: 'done' | 'coming' | 'late'): void {
    const order = this.orders.get(delivery);
    if (order) order.cancel = answer;
  }

  deedAnswered(deed: JournalDeed, wallMs: number): void {
    this.deeds.push(deed);
    const { driver, action, offer, refused } = deed;
    if (refused !== null) return;
    if (action > (this.acked.get(driver)?.action ?? 0)) this.acked.set(driver, { action, wallMs });
    if (offer === null) return;
    const record = this.offerOf(offer);
    record.drivers.add(driver);
    record.answers.add(deed.deed === 'accept' ? 'accepted' : 'declined');
  }

  /** A courier's app shows this now; whatever it showed before and not now has left its hands. */
  viewShown(view: DriverView, wallMs: number): void {
    const { driver } = view;
    const acked = this.acked.get(driver);
    // A view may have been on its way when the answer came; a later one has no excuse.
    if (acked && view.lastAction < acked.action && wallMs - acked.wallMs > VIEW_LAG_MS) {
      this.forgotten.set(driver, { acked: acked.action, known: view.lastAction });
    }
    if (view.offer) this.offerOf(view.offer.id).drivers.add(driver);
    const before = this.shown.get(driver) ?? new Map<DeliveryId, Holding>();
    const now = new Map<DeliveryId, Holding>();
    for (const { delivery } of view.stops) {
      if (now.has(delivery)) continue;
      now.set(delivery, before.get(delivery) ?? this.openHolding(delivery, driver, wallMs));
    }
    for (const [delivery, holding] of before) if (!now.has(delivery)) holding.untilMs = wallMs;
    this.shown.set(driver, now);
  }

  /** From here to the next view the app's screen is old: it proves nothing about hands. */
  connectionLost(driver: DriverId, wallMs: number): void {
    for (const holding of this.shown.get(driver)?.values() ?? []) holding.untilMs = wallMs;
    this.shown.delete(driver);
  }

  /** A customer's screen shows the courier where it was at `fixMs` (host ms). */
  positionShown(delivery: DeliveryId, fixMs: number): void {
    const last = this.lastFix.get(delivery);
    if (last === undefined || fixMs >= last) {
      this.lastFix.set(delivery, fixMs);
      return;
    }
    const record = this.backwards.get(delivery) ?? { count: 0, byMs: 0 };
    record.count++;
    record.byMs = Math.max(record.byMs, last - fixMs);
    this.backwards.set(delivery, record);
  }

  /** A customer's screen shows an end: the API must not say another one later. */
  endShown(delivery: DeliveryId, state: DeliveryState): void {
    if (!this.ends.has(delivery)) this.ends.set(delivery, state);
  }

  private offerOf(id: OfferId): JournalOffer {
    let offer = this.offers.get(id);
    if (!offer) {
      offer = { drivers: new Set(), answers: new Set() };
      this.offers.set(id, offer);
    }
    return offer;
  }

  private openHolding(delivery: DeliveryId, driver: DriverId, wallMs: number): Holding {
    const holding: Holding = { driver, fromMs: wallMs, untilMs: Number.POSITIVE_INFINITY };
    const list = this.holdings.get(delivery);
    if (list) list.push(holding);
    else this.holdings.set(delivery, [holding]);
    return holding;
  }
}
