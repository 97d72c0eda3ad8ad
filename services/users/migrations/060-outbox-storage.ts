/** Lets rows of the outbox lie as they are; see platform/outbox.ts. */
import type { Transaction } from '../../../platform/database.ts';
import { OUTBOX_STORAGE } from '../../../platform/outbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(OUTBOX_STORAGE);
}
