/** Vendors. Opening hours are a small document that is only ever read whole. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE vendors (
      id text PRIMARY KEY,
      account text NOT NULL,
      name text NOT NULL,
      lat_e7 integer NOT NULL,
      lon_e7 integer NOT NULL,
      time_zone text NOT NULL,
      hours jsonb NOT NULL,
      prepare_seconds integer NOT NULL,
      pickup_note text,
      phone text,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX vendors_account ON vendors (account, id);
  `);
}
