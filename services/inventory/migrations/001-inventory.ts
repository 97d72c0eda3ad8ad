/**
 * Stock. `available` is what can still be sold, `reserved` what orders have set aside; the checks hold
 * whatever the code does. A variant of '' is the product itself. A reservation is kept after its end:
 * it answers repeats and stops what comes late.
 */
import type { Transaction } from '../../../platform/database.ts';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE stock (
      product text NOT NULL,
      variant text NOT NULL,
      vendor text NOT NULL,
      available integer NOT NULL CHECK (available >= 0),
      reserved integer NOT NULL DEFAULT 0 CHECK (reserved >= 0),
      low_mark integer NOT NULL DEFAULT 0 CHECK (low_mark >= 0),
      level text NOT NULL CHECK (level IN ('in', 'low', 'out')),
      version bigint NOT NULL DEFAULT 1,
      PRIMARY KEY (product, variant)
    ) WITH (fillfactor = 70);
    CREATE INDEX stock_vendor ON stock (vendor, product, variant);
    CREATE INDEX stock_scarce ON stock (vendor, product, variant) WHERE level <> 'in';
    CREATE TABLE reservations (
      "order" text PRIMARY KEY,
      vendor text,
      state text NOT NULL CHECK (state IN ('reserved', 'refused', 'committed', 'released')),
      -- what was taken of which record: [{product, variant, quantity}]
      lines jsonb NOT NULL DEFAULT '[]',
      shortages jsonb NOT NULL DEFAULT '[]',
      -- zone ms
      expires_ms bigint,
      expired boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 70);
    CREATE INDEX reservations_due ON reservations (expires_ms) WHERE state = 'reserved';
    CREATE TABLE adjustments (
      id text PRIMARY KEY,
      product text NOT NULL,
      variant text NOT NULL,
      vendor text NOT NULL,
      delta integer NOT NULL,
      available integer NOT NULL,
      reason text NOT NULL,
      note text,
      actor text NOT NULL,
      -- zone ms
      at_ms bigint NOT NULL
    );
    CREATE INDEX adjustments_product ON adjustments (product, id);
    CREATE INDEX adjustments_vendor ON adjustments (vendor, id);
  `);
  await trx.raw(OUTBOX_TABLE);
  await trx.raw(INBOX_TABLE);
  await trx.raw(IDEMPOTENCY_TABLE);
}
