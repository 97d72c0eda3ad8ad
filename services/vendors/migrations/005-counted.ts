/** Ids of orders sort by time: what is counted long enough ago is found without an index of its own. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw('ALTER TABLE counted DROP COLUMN at');
}
