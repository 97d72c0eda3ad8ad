/** What a vendor can have ready in a window of time, what others were told of it, who was collected. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE vendors
      ADD COLUMN account text NOT NULL DEFAULT '',
      ADD COLUMN capacity_tickets integer,
      ADD COLUMN capacity_window_ms bigint,
      ADD COLUMN throttled_until_ms bigint,
      ADD COLUMN throttle_version bigint NOT NULL DEFAULT 0;
    ALTER TABLE tickets ADD COLUMN collected_ms bigint;
    CREATE INDEX tickets_slots ON tickets (vendor, slot_ms) WHERE slot_ms IS NOT NULL;
    CREATE INDEX tickets_vendor ON tickets (vendor, id);
    -- What stands on the board: neither ended nor carried away.
    CREATE INDEX tickets_live ON tickets (vendor, id)
      WHERE collected_ms IS NULL AND state IN ('open', 'accepted', 'started', 'ready');
  `);
}
