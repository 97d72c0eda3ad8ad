/** What vendors are told of their business: sums by local day and hour, and what was counted once. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE vendors
      -- Of what is told; grows faster than version, which is about changes by people.
      ADD COLUMN told_version bigint NOT NULL DEFAULT 1,
      ADD COLUMN rating_untold boolean NOT NULL DEFAULT false;
    UPDATE vendors SET told_version = version;
    CREATE INDEX vendors_rating_untold ON vendors (id) WHERE rating_untold;
    -- Days since 1970-01-01 and hours of the vendor's own clock.
    CREATE TABLE vendor_hours (
      vendor text NOT NULL,
      day integer NOT NULL,
      hour smallint NOT NULL,
      orders integer NOT NULL DEFAULT 0,
      delivered integer NOT NULL DEFAULT 0,
      cancelled integer NOT NULL DEFAULT 0,
      failed integer NOT NULL DEFAULT 0,
      revenue_minor bigint NOT NULL DEFAULT 0,
      tips_minor bigint NOT NULL DEFAULT 0,
      tickets integer NOT NULL DEFAULT 0,
      rejected integer NOT NULL DEFAULT 0,
      late integer NOT NULL DEFAULT 0,
      error_ms bigint NOT NULL DEFAULT 0,
      absolute_error_ms bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (vendor, day, hour)
    );
    CREATE TABLE vendor_products (
      vendor text NOT NULL,
      day integer NOT NULL,
      product text NOT NULL,
      orders integer NOT NULL DEFAULT 0,
      quantity integer NOT NULL DEFAULT 0,
      PRIMARY KEY (vendor, day, product)
    );
    -- Facts of orders that are in the sums already.
    CREATE TABLE counted (
      order_id text NOT NULL,
      fact text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (order_id, fact)
    );
    CREATE INDEX counted_at ON counted (at);
    CREATE TABLE ratings (
      order_id text PRIMARY KEY,
      vendor text NOT NULL,
      stars smallint NOT NULL,
      at_ms bigint NOT NULL
    );
  `);
}
