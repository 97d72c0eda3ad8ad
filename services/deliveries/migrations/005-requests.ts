/** The inbox of what other services ask for by stream. */
import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(INBOX_TABLE);
}
