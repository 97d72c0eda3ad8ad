/** People who are to be forgotten, and which deliveries have forgotten their customer already. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE erasures (
      customer text PRIMARY KEY,
      asked_at timestamptz NOT NULL DEFAULT now()
    );
    ALTER TABLE deliveries ADD COLUMN erased boolean NOT NULL DEFAULT false;
    CREATE INDEX deliveries_customer ON deliveries (customer)
      WHERE customer IS NOT NULL AND NOT erased;
  `);
}
