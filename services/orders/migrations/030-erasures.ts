/** Customers who left and are to be forgotten, and which of their orders are. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE erasures (
      customer text PRIMARY KEY,
      asked_at timestamptz NOT NULL DEFAULT now()
    );
    ALTER TABLE orders ADD erased boolean NOT NULL DEFAULT false;
  `);
}
