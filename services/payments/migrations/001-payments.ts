/** Payments, what is to be done about them, and the outbox and inbox of their writes. */
import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE payments (
      order_id text PRIMARY KEY,
      id text NOT NULL UNIQUE,
      -- null while all that is known is that the order was called off
      account text,
      customer text,
      method jsonb,
      currency text,
      state text NOT NULL,
      amount_minor bigint NOT NULL DEFAULT 0 CHECK (amount_minor >= 0),
      captured_minor bigint NOT NULL DEFAULT 0,
      refunded_minor bigint NOT NULL DEFAULT 0,
      -- what the method calls it
      reference text,
      code text,
      created_ms bigint NOT NULL,
      changed_ms bigint NOT NULL,
      CONSTRAINT payments_captured CHECK (captured_minor BETWEEN 0 AND amount_minor),
      CONSTRAINT payments_refunded CHECK (refunded_minor BETWEEN 0 AND captured_minor)
    ) WITH (fillfactor = 70);
    -- What was asked for, each once: the key goes to the method with every try.
    CREATE TABLE operations (
      key text PRIMARY KEY,
      number bigserial,
      order_id text NOT NULL,
      kind text NOT NULL,
      amount_minor bigint NOT NULL,
      refund text,
      reason text,
      correlation text,
      -- the event that answered it; null while it is to be done
      answer jsonb,
      asked_ms bigint NOT NULL,
      done_ms bigint,
      attempts integer NOT NULL DEFAULT 0,
      next_at timestamptz NOT NULL DEFAULT now(),
      last_error text
    );
    CREATE INDEX operations_order ON operations (order_id, number);
    CREATE INDEX operations_waiting ON operations (next_at, number) WHERE answer IS NULL;
    ${OUTBOX_TABLE}
    ${INBOX_TABLE}
  `);
}
