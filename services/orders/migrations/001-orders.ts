/** Orders and their items, with the outbox, inbox and idempotency keys of their writes. */
import type { Transaction } from '../../../platform/database.ts';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE orders (
      id text PRIMARY KEY,
      account text NOT NULL,
      customer text NOT NULL,
      vendor text NOT NULL,
      delivery text NOT NULL UNIQUE,
      state text NOT NULL,
      total_minor bigint NOT NULL CHECK (total_minor >= 0),
      currency text NOT NULL,
      dropoff_lat_e7 integer NOT NULL,
      dropoff_lon_e7 integer NOT NULL,
      dropoff_note text,
      placed_ms bigint NOT NULL,
      ready_ms bigint NOT NULL,
      ended_ms bigint,
      reason jsonb,
      create_request jsonb NOT NULL,
      epoch bigint NOT NULL DEFAULT 0,
      seq bigint NOT NULL DEFAULT 0,
      index integer NOT NULL DEFAULT 0
    );
    CREATE INDEX orders_customer ON orders (customer, id);
    CREATE INDEX orders_account ON orders (account, id);
    CREATE TABLE items (
      id text PRIMARY KEY,
      order_id text NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
      position integer NOT NULL,
      name text NOT NULL,
      quantity integer NOT NULL CHECK (quantity > 0),
      unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0)
    );
    CREATE INDEX items_order ON items (order_id, position);
    ${OUTBOX_TABLE}
    ${INBOX_TABLE}
    ${IDEMPOTENCY_TABLE}
  `);
}
