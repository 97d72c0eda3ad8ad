/**
 * The exceptions of deliveries: what the logs say is wrong, and what ops does about it. The columns
 * from `owner` on, and a close by ops, belong to ops: a projection made anew leaves them alone.
 */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE exceptions (
      -- made from its place in the log, so that the log read anew gives the same
      id text PRIMARY KEY,
      delivery text NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
      zone text NOT NULL,
      problem text NOT NULL,
      driver text,
      since_ms bigint NOT NULL,
      door_ms bigint NOT NULL,
      late_ms bigint NOT NULL,
      told_ms bigint NOT NULL,
      wait_until_ms bigint,
      attempts integer NOT NULL DEFAULT 0,
      closed_ms bigint,
      closed_by text CHECK (closed_by IN ('cleared', 'ended', 'ops')),
      owner text,
      snoozed_until_ms bigint,
      note text
    );
    CREATE UNIQUE INDEX exceptions_one_open ON exceptions (delivery, problem)
      WHERE closed_ms IS NULL;
    CREATE INDEX exceptions_queue ON exceptions (late_ms DESC, id) WHERE closed_ms IS NULL;
    CREATE INDEX exceptions_delivery ON exceptions (delivery);
    CREATE INDEX exceptions_closed ON exceptions (closed_ms) WHERE closed_ms IS NOT NULL;

    -- Who claimed, released, snoozed and resolved what. Not a projection.
    CREATE TABLE exception_acts (
      request text PRIMARY KEY,
      zone text NOT NULL,
      actor text NOT NULL,
      reason text NOT NULL,
      verb text NOT NULL,
      subject text NOT NULL,
      at_ms bigint NOT NULL,
      data jsonb NOT NULL
    );
  `);
}
