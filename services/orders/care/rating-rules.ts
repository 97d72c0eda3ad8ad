/** What a rating is, until when it may be given, and whose it may be. Pure. */
import type { Rating } from '../../../contracts/api/ratings.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import type { OrderId } from '../../../contracts/ids.ts';
import { timeText } from '../../../platform/times.ts';

/** Zone time after delivery in which a rating may be given and changed. */
const RATING_MS_MAX = 7 * 86_400_000;

export interface RatingRow {
  readonly order_id: OrderId;
  readonly vendor_stars: number | null;
  readonly driver_stars: number | null;
  readonly comment: string | null;
  readonly rated_ms: number;
}

/** What the rules need of an order. */
export interface Rated {
  readonly state: string;
  readonly driver: string | null;
  readonly ended_ms: number | null;
}

/** Throws when the order cannot be rated now, or its driver not at all. */
export function checkRating(order: Rated, ratesDriver: boolean, nowMs: number): void {
  if (order.state !== 'delivered') throw new WaggleError('order.not_delivered');
  if (nowMs >= editableUntilMs(order)) throw new WaggleError('rating.too_late');
  if (ratesDriver && order.driver === null) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/driverStars', expected: 'none: no driver brought it' },
    ]);
  }
}

function editableUntilMs({ ended_ms }: Pick<Rated, 'ended_ms'>): number {
  return (ended_ms ?? 0) + RATING_MS_MAX;
}

export function ratingView(row: RatingRow, order: Pick<Rated, 'ended_ms'>): Rating {
  return {
    vendorStars: row.vendor_stars,
    driverStars: row.driver_stars,
    comment: row.comment,
    ratedAt: timeText(row.rated_ms),
    editableUntil: timeText(editableUntilMs(order)),
  };
}
