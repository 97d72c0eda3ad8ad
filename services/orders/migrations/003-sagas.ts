/** Where each order stands in its saga, its timer, its history; who is blocked. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE orders
      DROP COLUMN create_request,
      DROP COLUMN epoch,
      DROP COLUMN seq,
      DROP COLUMN index,
      -- what the saga asks others for; never changes
      -- (empty of orders from before: they have no saga)
      ADD terms jsonb NOT NULL DEFAULT '{}',
      -- H3 cell of the drop-off: the address, to the rules
      ADD dropoff_cell bigint NOT NULL DEFAULT 0,
      ADD phone text;
    CREATE INDEX orders_cell ON orders (dropoff_cell, id);
    -- Narrow and apart from orders: a step rewrites this row in place (no index but the key).
    CREATE TABLE sagas (
      order_id text PRIMARY KEY REFERENCES orders (id) ON DELETE CASCADE,
      step text NOT NULL,
      state text NOT NULL,
      stock text NOT NULL,
      payment text NOT NULL,
      ticket text NOT NULL,
      ticket_version integer NOT NULL,
      parcel text NOT NULL,
      epoch bigint NOT NULL,
      seq bigint NOT NULL,
      index integer NOT NULL,
      ready_ms bigint NOT NULL,
      since_ms bigint NOT NULL,
      tries integer NOT NULL,
      due_ms bigint,
      ending jsonb,
      ended_ms bigint,
      captured_minor bigint NOT NULL,
      refunded_minor bigint NOT NULL,
      refunds jsonb NOT NULL,
      correlation text,
      CONSTRAINT sagas_refunds CHECK (refunded_minor BETWEEN 0 AND captured_minor),
      -- whatever is not done has a timer: nothing waits for ever
      -- nothing is taken that its end does not say, and an end is settled with everybody
      CONSTRAINT sagas_charge CHECK (captured_minor <= COALESCE((ending->>'chargeMinor')::bigint, 0)),
      CONSTRAINT sagas_settled CHECK (step NOT IN ('done', 'refunding') OR (ended_ms IS NOT NULL
        AND stock IN ('none', 'refused', 'released', 'committed')
        AND payment IN ('none', 'declined', 'voided', 'captured', 'capture_failed'))),
      CONSTRAINT sagas_timer CHECK ((step = 'done') = (due_ms IS NULL))
    ) WITH (fillfactor = 60);
    -- One row per saga that is not done. Zone ms.
    CREATE TABLE timers (
      order_id text PRIMARY KEY,
      due_ms bigint NOT NULL
    ) WITH (fillfactor = 70);
    CREATE INDEX timers_due ON timers (due_ms);
    CREATE TABLE order_events (
      order_id text NOT NULL,
      id bigserial,
      at_ms bigint NOT NULL,
      type text NOT NULL,
      actor_kind text NOT NULL,
      actor text NOT NULL,
      data jsonb NOT NULL,
      PRIMARY KEY (order_id, id)
    );
    CREATE TABLE blocked (
      kind text NOT NULL,
      value text NOT NULL,
      reason text NOT NULL,
      set_by text NOT NULL,
      set_ms bigint NOT NULL,
      PRIMARY KEY (kind, value)
    );
  `);
}
