/** When to look at people who left again: nothing is searched while nobody is due. */
import type { Transaction } from '../../../platform/database.ts';
import { ERASURE_LOOKS } from '../../../platform/erasure.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(ERASURE_LOOKS);
}
