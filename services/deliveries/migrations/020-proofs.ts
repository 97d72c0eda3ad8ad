/** What deliveries ask their drivers to show, and what was shown. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE deliveries ADD COLUMN proof jsonb;
    ALTER TABLE deliveries ADD COLUMN pin_tries integer NOT NULL DEFAULT 0;

    CREATE TABLE proofs (
      id text PRIMARY KEY,
      delivery text NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
      kind text NOT NULL,
      place text NOT NULL,
      driver text NOT NULL,
      -- zone ms
      at_ms bigint NOT NULL,
      -- a file that was not uploaded yet has not arrived
      arrived boolean NOT NULL,
      passed boolean NOT NULL,
      file text UNIQUE,
      file_type text
    );
    CREATE INDEX proofs_delivery ON proofs (delivery, id);
  `);
}
