/**
 * Dedupes events in the consumer's own transaction: what was handled once is not handled again,
 * however often it arrives. Owns the table `inbox` of a service's schema.
 */
import type { Queryable, Transaction } from './database.ts';

/** Part of the first migration of a service that consumes events. */
export const INBOX_TABLE = `
  CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
  );
  CREATE INDEX inbox_received ON inbox (received_at);
`;

/** How long event ids are kept; far longer than any re-send. */
const KEPT_DAYS = 7;
const PURGE_BATCH = 5_000;

/** Ids that are new to this consumer; they count as handled if the transaction commits. */
export async function takeOnce(
  trx: Transaction,
  consumer: string,
  eventIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await trx.raw<{ rows: { event_id: string }[] }>(
    `INSERT INTO inbox (consumer, event_id) SELECT ?, unnest(?::text[])
     ON CONFLICT DO NOTHING RETURNING event_id`,
    [consumer, [...eventIds]],
  );
  return new Set(rows.map(({ event_id }) => event_id));
}

/** Forgets ids past their time, a bounded number at once. */
export async function purgeInbox(knex: Queryable): Promise<void> {
  await knex.raw(
    `DELETE FROM inbox WHERE ctid IN (
       SELECT ctid FROM inbox WHERE received_at < now() - ? * interval '1 day' LIMIT ?)`,
    [KEPT_DAYS, PURGE_BATCH],
  );
}
