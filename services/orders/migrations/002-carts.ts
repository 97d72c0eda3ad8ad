/** Orders of products: what each line was and cost, how it is paid, when it begins; ratings. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE orders
      -- goods after the promotion: what the vendor sold it for
      ADD goods_minor bigint NOT NULL DEFAULT 0 CHECK (goods_minor >= 0),
      ADD tip_minor bigint NOT NULL DEFAULT 0 CHECK (tip_minor >= 0),
      -- every part of the price, as it was shown
      ADD price jsonb NOT NULL DEFAULT '{}',
      ADD payment jsonb NOT NULL DEFAULT '{"kind":"cash"}',
      ADD promotion text,
      ADD promotion_code text,
      ADD age_min integer,
      ADD note text,
      ADD checkout text,
      -- zone ms: when the customer wants it ready, and when work on it begins
      ADD scheduled_ms bigint,
      ADD start_ms bigint NOT NULL DEFAULT 0,
      ADD driver text;
    CREATE INDEX orders_checkout ON orders (checkout) WHERE checkout IS NOT NULL;
    CREATE INDEX orders_vendor ON orders (vendor, id);
    ALTER TABLE items
      ADD product text NOT NULL DEFAULT '',
      ADD variant text,
      ADD options text[] NOT NULL DEFAULT '{}',
      -- names of variant and options at that time
      ADD details text[] NOT NULL DEFAULT '{}',
      ADD note text,
      ADD goods_minor bigint NOT NULL DEFAULT 0,
      ADD discount_minor bigint NOT NULL DEFAULT 0,
      ADD tax_minor bigint NOT NULL DEFAULT 0;
    CREATE TABLE ratings (
      order_id text PRIMARY KEY REFERENCES orders (id) ON DELETE CASCADE,
      vendor_stars integer CHECK (vendor_stars BETWEEN 1 AND 5),
      driver_stars integer CHECK (driver_stars BETWEEN 1 AND 5),
      comment text,
      rated_ms bigint NOT NULL
    );
    CREATE TABLE price_policies (
      market text PRIMARY KEY,
      policy jsonb NOT NULL,
      set_by text NOT NULL,
      set_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE promotions (
      id text PRIMARY KEY,
      code text NOT NULL,
      name text NOT NULL,
      -- the vendor or the market it belongs to
      scope text NOT NULL,
      vendor text,
      market text,
      account text NOT NULL,
      currency text NOT NULL,
      discount jsonb NOT NULL,
      min_goods_minor bigint NOT NULL,
      starts_ms bigint NOT NULL,
      ends_ms bigint,
      ended boolean NOT NULL DEFAULT false,
      uses_max bigint,
      uses_per_customer_max bigint,
      uses bigint NOT NULL DEFAULT 0 CHECK (uses >= 0 AND (uses_max IS NULL OR uses <= uses_max)),
      CONSTRAINT promotions_of_one CHECK ((vendor IS NULL) <> (market IS NULL))
    );
    CREATE UNIQUE INDEX promotions_code ON promotions (scope, code) WHERE NOT ended;
    CREATE INDEX promotions_account ON promotions (account, id);
    CREATE TABLE promotion_uses (
      promotion text NOT NULL REFERENCES promotions (id) ON DELETE CASCADE,
      customer text NOT NULL,
      order_id text NOT NULL PRIMARY KEY,
      -- given back when the order was cancelled
      returned boolean NOT NULL DEFAULT false
    );
    CREATE INDEX promotion_uses_customer ON promotion_uses (promotion, customer) WHERE NOT returned;
  `);
}
