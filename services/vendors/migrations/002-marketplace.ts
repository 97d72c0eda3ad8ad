/** Vendors of the marketplace: profile, approval, area, capacity, pause; what was there is approved. */
import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE vendors
      ADD COLUMN version integer NOT NULL DEFAULT 1,
      ADD COLUMN kind text NOT NULL DEFAULT 'restaurant',
      ADD COLUMN state text NOT NULL DEFAULT 'approved',
      ADD COLUMN state_reason text,
      ADD COLUMN description text NOT NULL DEFAULT '',
      ADD COLUMN cuisines text[] NOT NULL DEFAULT '{}',
      ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
      ADD COLUMN price_band smallint,
      ADD COLUMN image_url text,
      ADD COLUMN special_days jsonb NOT NULL DEFAULT '[]',
      ADD COLUMN area jsonb,
      ADD COLUMN area_cells text[],
      ADD COLUMN min_order_minor integer NOT NULL DEFAULT 0,
      ADD COLUMN service_fee_basis_points integer,
      ADD COLUMN capacity jsonb,
      ADD COLUMN auto_accept boolean NOT NULL DEFAULT true,
      ADD COLUMN pause_reason text,
      ADD COLUMN pause_until_ms bigint,
      ADD COLUMN throttled_until_ms bigint,
      ADD COLUMN throttle_version bigint NOT NULL DEFAULT 0,
      ADD COLUMN rating_sum bigint NOT NULL DEFAULT 0,
      ADD COLUMN rating_count integer NOT NULL DEFAULT 0;
    CREATE INDEX vendors_state ON vendors (state, id);
    -- Who moved a vendor from state to state, and why.
    CREATE TABLE approvals (
      vendor text NOT NULL REFERENCES vendors (id) ON DELETE CASCADE,
      version integer NOT NULL,
      state text NOT NULL,
      reason text,
      actor text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (vendor, version)
    );
    ${OUTBOX_TABLE}
    ${INBOX_TABLE}
  `);
}
