/**
 * What waits to be done in a table of its own, small whatever was ever done; `operations` is left with
 * what was answered and written once. No index on what a payment's update changes.
 */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    SET LOCAL statement_timeout = 0;
    CREATE TABLE waiting (
      order_id text NOT NULL,
      key text NOT NULL,
      number bigint NOT NULL DEFAULT nextval('operations_number_seq'),
      kind text NOT NULL,
      amount_minor bigint NOT NULL,
      refund text,
      reason text,
      correlation text,
      asked_ms bigint NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      -- null while another operation of its payment is before it
      next_at timestamptz,
      last_error text,
      PRIMARY KEY (order_id, key)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
    CREATE INDEX waiting_due ON waiting (next_at) WHERE next_at IS NOT NULL;
    INSERT INTO waiting
    SELECT order_id, key, number, kind, amount_minor, refund, reason, correlation, asked_ms, attempts,
           CASE WHEN number = min(number) OVER (PARTITION BY order_id) THEN next_at END, last_error
      FROM operations WHERE answer IS NULL;
    DELETE FROM operations WHERE answer IS NULL;
    DROP INDEX operations_waiting;
    DROP INDEX operations_order;
    ALTER TABLE operations
      DROP CONSTRAINT operations_pkey,
      ADD PRIMARY KEY (order_id, key),
      ALTER answer SET NOT NULL,
      ALTER done_ms SET NOT NULL,
      DROP attempts,
      DROP next_at,
      DROP last_error;
    -- Half of a page is for the one change that almost every payment sees: authorised, then captured.
    ALTER TABLE payments SET (fillfactor = 50);
  `);
}
