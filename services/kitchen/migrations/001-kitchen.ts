/** Tickets, what the kitchen needs to know of vendors, and the outbox and inbox of its writes. */
import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE tickets (
      order_id text PRIMARY KEY,
      id text NOT NULL UNIQUE,
      -- null while all that is known is that the order was cancelled
      account text,
      vendor text,
      state text NOT NULL,
      lines jsonb NOT NULL,
      note text,
      placed_ms bigint NOT NULL,
      wanted_ready_ms bigint NOT NULL,
      answer_by_ms bigint NOT NULL,
      ready_ms bigint,
      estimate_ms bigint,
      slot_ms bigint,
      accepted_ms bigint,
      started_ms bigint,
      done_ms bigint,
      reason jsonb,
      cancel_reason text,
      delayed boolean NOT NULL,
      changed_ms bigint NOT NULL,
      version integer NOT NULL
    );
    CREATE INDEX tickets_board ON tickets (vendor, state, id);
    CREATE TABLE vendors (
      id text PRIMARY KEY,
      version bigint NOT NULL,
      auto_accept boolean NOT NULL,
      prepare_seconds integer NOT NULL,
      time_zone text NOT NULL
    );
    ${OUTBOX_TABLE}
    ${INBOX_TABLE}
  `);
}
