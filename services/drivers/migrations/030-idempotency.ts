/** What was answered under an Idempotency-Key, so that what makes something may be sent again. */
import type { Transaction } from '../../../platform/database.ts';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(IDEMPOTENCY_TABLE);
}
