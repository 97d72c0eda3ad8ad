/** What ratings ask of their table. */
import type { Queryable, Transaction } from '../../../platform/database.ts';
import type { RatingRow } from './rating-rules.ts';

/** One query, however many orders. */
export async function ratingsOf(
  db: Queryable,
  orders: readonly string[],
): Promise<ReadonlyMap<string, RatingRow>> {
  if (orders.length === 0) return new Map();
  const rows: RatingRow[] = await db('ratings').whereRaw('order_id = ANY(?)', [[...orders]]);
  return new Map(rows.map((row) => [row.order_id, row]));
}

/** The last word of the customer counts. */
export async function putRating(trx: Transaction, rating: RatingRow): Promise<void> {
  const { order_id: _order, ...said } = rating;
  await trx('ratings').insert(rating).onConflict('order_id').merge(said);
}
