/** What is asked of the table of quotes. */
import type { AccountId, DeliveryId, QuoteId, ZoneId } from '../../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../../platform/database.ts';

export interface QuoteRow {
  readonly id: QuoteId;
  readonly account: AccountId;
  readonly zone: ZoneId;
  readonly pickup_lat_e7: number;
  readonly pickup_lon_e7: number;
  readonly dropoff_lat_e7: number;
  readonly dropoff_lon_e7: number;
  readonly fee_minor: number;
  readonly currency: string;
  readonly distance_meters: number;
  /** Zone ms. */
  readonly expires_ms: number;
  readonly delivery: DeliveryId | null;
}

export async function insertQuote(db: Queryable, row: Omit<QuoteRow, 'delivery'>): Promise<void> {
  await db('quotes').insert(row);
}

/** A quote of this account. */
export async function quoteById(
  db: Queryable,
  account: string,
  id: string,
): Promise<QuoteRow | undefined> {
  return db('quotes').where({ account, id }).first();
}

/** Uses a quote for a delivery; false: another delivery has used it. */
export async function takeQuote(
  trx: Transaction,
  id: QuoteId,
  delivery: DeliveryId,
): Promise<boolean> {
  const count: number = await trx('quotes')
    .where({ id })
    .whereNull('delivery')
    .update({ delivery });
  return count === 1;
}

/** Forgets quotes that expired before, a bounded number at once; true: there may be more. */
export async function forgetQuotes(
  db: Queryable,
  { beforeMs, atOnce }: { readonly beforeMs: number; readonly atOnce: number },
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `DELETE FROM quotes WHERE id IN (
       SELECT id FROM quotes WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?)`,
    [beforeMs, atOnce],
  );
  return rowCount === atOnce;
}
