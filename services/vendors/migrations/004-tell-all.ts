/** Vendors from before vendors were told of: each is told once, as its rating would be. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw('UPDATE vendors SET rating_untold = true');
}
