/** Rates of a vendor's kitchen by time of the week, as the vendor says them. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw('ALTER TABLE vendors ADD COLUMN capacity_windows jsonb');
}
