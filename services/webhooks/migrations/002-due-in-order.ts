/** What is due is taken in the order of this index: a backlog is not sorted for each look. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    DROP INDEX messages_due;
    CREATE INDEX messages_due ON messages (webhook, next_at, id) WHERE state = 'waiting';
  `);
}
