/**
 * What drivers did and earned. Facts come from the logs by way of `events:driver-work`; earnings are
 * lines that are only ever added.
 */

import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

const WORK = `
  -- One row per driver that was ever on duty: what it is now, and since when (zone ms).
  CREATE TABLE duties (
    driver text PRIMARY KEY,
    duty text NOT NULL,
    since_ms bigint NOT NULL,
    zone text NOT NULL
  );

  -- Offers that were not answered yet, with the pay frozen in them.
  CREATE TABLE offers (
    id text PRIMARY KEY,
    driver text NOT NULL,
    deliveries text[] NOT NULL,
    pay_minor bigint NOT NULL,
    currency text NOT NULL,
    made_ms bigint NOT NULL
  );
  CREATE INDEX offers_made ON offers (made_ms);

  -- What a driver will be paid for a delivery it has accepted.
  CREATE TABLE jobs (
    delivery text NOT NULL,
    driver text NOT NULL,
    pay_minor bigint NOT NULL,
    currency text NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (delivery, driver)
  );
  CREATE INDEX jobs_at ON jobs (at_ms);

  -- Who carried what, for tips that come later.
  CREATE TABLE ends (
    delivery text PRIMARY KEY,
    driver text NOT NULL,
    state text NOT NULL,
    at_ms bigint NOT NULL,
    day text NOT NULL
  );
  CREATE INDEX ends_at ON ends (at_ms);

  CREATE TABLE tips (
    delivery text PRIMARY KEY,
    order_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    at_ms bigint NOT NULL
  );
  CREATE INDEX tips_at ON tips (at_ms);
`;

const PAID = `
  CREATE TABLE earnings (
    id text PRIMARY KEY,
    driver text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('delivery', 'tip', 'adjustment')),
    delivery text,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    -- zone ms, and the day it was where the driver worked
    at_ms bigint NOT NULL,
    day text NOT NULL,
    reason text,
    actor text
  );
  CREATE UNIQUE INDEX earnings_once ON earnings (delivery, kind) WHERE delivery IS NOT NULL;
  CREATE INDEX earnings_driver ON earnings (driver, day, id);

  CREATE TABLE days (
    driver text NOT NULL,
    day text NOT NULL,
    offered integer NOT NULL DEFAULT 0,
    accepted integer NOT NULL DEFAULT 0,
    declined integer NOT NULL DEFAULT 0,
    expired integer NOT NULL DEFAULT 0,
    delivered integer NOT NULL DEFAULT 0,
    on_time integer NOT NULL DEFAULT 0,
    returned integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    online_ms bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (driver, day)
  );

  CREATE TABLE ratings (
    order_id text PRIMARY KEY,
    driver text NOT NULL,
    stars integer NOT NULL CHECK (stars BETWEEN 1 AND 5),
    at_ms bigint NOT NULL
  );
  CREATE INDEX ratings_driver ON ratings (driver, stars);
`;

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(WORK);
  await trx.raw(PAID);
  await trx.raw(OUTBOX_TABLE);
  await trx.raw(INBOX_TABLE);
}
