/**
 * The business record of deliveries, the numbered commands on their way to the engine, and what the
 * logs of the shards say. Everything from `positions` on is a projection and can be made anew.
 */
import type { Transaction } from '../../../platform/database.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

const RECORDS = `
  CREATE TABLE deliveries (
    id text PRIMARY KEY,
    account text NOT NULL,
    external_id text NOT NULL,
    customer text,
    zone text NOT NULL,
    shard integer NOT NULL,
    request jsonb NOT NULL,
    pickup_name text,
    pickup_note text,
    dropoff_note text,
    last_command integer NOT NULL DEFAULT 1,
    placed_ms bigint NOT NULL,
    -- what follows is projected from the log
    state text NOT NULL,
    driver text,
    ready_ms bigint NOT NULL,
    promise_ms bigint,
    assigned_ms bigint,
    picked_up_ms bigint,
    delivered_ms bigint,
    ended_ms bigint,
    reason jsonb,
    held boolean NOT NULL DEFAULT false,
    epoch bigint NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0,
    index integer NOT NULL DEFAULT 0,
    CONSTRAINT deliveries_external UNIQUE (account, external_id)
  );
  CREATE INDEX deliveries_state ON deliveries (state, id);
  CREATE INDEX deliveries_driver ON deliveries (driver, id) WHERE driver IS NOT NULL;
  CREATE INDEX deliveries_open ON deliveries (id) WHERE ended_ms IS NULL;

  CREATE TABLE commands (
    delivery text NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number integer NOT NULL,
    zone text NOT NULL,
    shard integer NOT NULL,
    command jsonb NOT NULL,
    correlation text,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'confirmed', 'refused')),
    refusal text,
    epoch bigint,
    seq bigint,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (delivery, number)
  );
  CREATE INDEX commands_waiting ON commands (next_at) WHERE state = 'waiting';
`;

const PROJECTION = `
  CREATE TABLE positions (
    shard integer PRIMARY KEY,
    epoch bigint NOT NULL,
    seq bigint NOT NULL
  );

  CREATE TABLE facts (
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    index integer NOT NULL,
    delivery text NOT NULL,
    type text NOT NULL,
    at_ms bigint NOT NULL,
    driver text,
    data jsonb NOT NULL,
    PRIMARY KEY (shard, epoch, seq, index, delivery)
  );
  CREATE INDEX facts_delivery ON facts (delivery, epoch, seq, index);

  -- One row per delivery in somebody's hands: a second holder cannot be written.
  CREATE TABLE assignments (
    delivery text CONSTRAINT assignments_one_holder PRIMARY KEY,
    driver text NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL
  );
  CREATE INDEX assignments_driver ON assignments (driver);

  CREATE TABLE offers (
    id text PRIMARY KEY,
    shard integer NOT NULL,
    driver text NOT NULL,
    deliveries text[] NOT NULL,
    made_ms bigint NOT NULL,
    outcome text,
    closed_ms bigint,
    epoch bigint NOT NULL,
    seq bigint NOT NULL
  );
  CREATE INDEX offers_outcome ON offers (outcome);

  CREATE TABLE audit (
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    index integer NOT NULL,
    request text NOT NULL,
    zone text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    verb text NOT NULL,
    subject text,
    at_ms bigint NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (shard, epoch, seq, index)
  );
  CREATE INDEX audit_time ON audit (at_ms);

  -- What must never happen, kept when it did.
  CREATE TABLE anomalies (
    id bigserial PRIMARY KEY,
    kind text NOT NULL,
    delivery text,
    offer text,
    detail jsonb NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now()
  );
`;

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(RECORDS);
  await trx.raw(PROJECTION);
  await trx.raw(OUTBOX_TABLE);
}
