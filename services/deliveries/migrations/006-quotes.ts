/**
 * Quotes and the fee of a delivery; what makes asking repeatable; deliveries that were called off
 * before they were asked for; and a short way to the live controls in the audit.
 */
import type { Transaction } from '../../../platform/database.ts';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE quotes (
      id text PRIMARY KEY,
      account text NOT NULL,
      zone text NOT NULL,
      pickup_lat_e7 integer NOT NULL,
      pickup_lon_e7 integer NOT NULL,
      dropoff_lat_e7 integer NOT NULL,
      dropoff_lon_e7 integer NOT NULL,
      fee_minor bigint NOT NULL,
      currency text NOT NULL,
      distance_meters integer NOT NULL,
      expires_ms bigint NOT NULL,
      -- the delivery it was used for
      delivery text
    );
    CREATE INDEX quotes_expires ON quotes (expires_ms);

    ALTER TABLE deliveries
      ADD COLUMN quote text,
      ADD COLUMN fee_minor bigint,
      ADD COLUMN currency text,
      -- of what the shop sent; null for orders, whose request has its own id
      ADD COLUMN request_hash text;

    CREATE TABLE unwanted (
      delivery text PRIMARY KEY,
      code text NOT NULL,
      fault text NOT NULL,
      at_ms bigint NOT NULL
    );

    CREATE INDEX audit_controls ON audit (zone, epoch, seq, index)
      WHERE verb LIKE 'control%';
  `);
  await trx.raw(IDEMPOTENCY_TABLE);
}
