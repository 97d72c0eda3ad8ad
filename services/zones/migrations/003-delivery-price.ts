/** What a delivery costs in a market; null: the usual price of its currency. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw('ALTER TABLE markets ADD COLUMN delivery_price jsonb');
}
