/** What is followed carries versions: nothing needs to be remembered of the messages themselves. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw('DROP TABLE inbox');
}
