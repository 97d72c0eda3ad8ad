/** Files of proofs whose row is gone but which must still be deleted; and which proofs are old. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE INDEX proofs_at ON proofs (at_ms);
    CREATE TABLE doomed_files (file text PRIMARY KEY);
  `);
}
