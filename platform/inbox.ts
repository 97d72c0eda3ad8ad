/**
 * Dedupes events in the consumer's own transaction: what was handled once is not handled again,
 * however often it arrives. Owns the table `inbox` of a service's schema.
 */
import { newId } from '../contracts/ids.ts';
import type { Queryable, Transaction } from './database.ts';

/** Part of the first migration of a service that consumes events. */
export const INBOX_TABLE = `
  CREATE TABLE inbox (
    -- sorts by the time it was made: new rows go to the end, old ones are found without an index more
    event_id text NOT NULL,
    consumer text NOT NULL,
    PRIMARY KEY (event_id, consumer)
  );
`;

/** How long event ids are kept; far longer than any re-send. */
const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;
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

/** Forgets ids made before their time, a bounded number at once. */
export async function purgeInbox(knex: Queryable, nowMs = Date.now()): Promise<void> {
  const oldest = newId('event', nowMs - KEPT_DAYS * DAY_MS);
  await knex.raw(
    `DELETE FROM inbox WHERE ctid IN (SELECT ctid FROM inbox WHERE event_id < ? LIMIT ?)`,
    [oldest, PURGE_BATCH],
  );
}
