/**
 * Forgetting people who left: who is to be forgotten is remembered, and looked at again until nothing
 * of them is under way and nothing more can come. Owns the table `erasures` of a service's schema;
 * what is forgotten, and how, is the service's own. While nobody is due a look costs one index entry.
 */
import { USER_STREAM, type UserEvent } from '../contracts/messages/users.ts';
import type { Database, Transaction } from './database.ts';
import type { EventEntry } from './event-stream.ts';
import { startPump } from './pump.ts';
import type { ServiceContext } from './service-context.ts';
import { type Part, startFollowing } from './service-streams.ts';

/** Migration of a service that has the table. */
export const ERASURE_LOOKS = `
  ALTER TABLE erasures ADD COLUMN look_at timestamptz NOT NULL DEFAULT now();
  CREATE INDEX erasures_look ON erasures (look_at);
`;

const PEOPLE_AT_ONCE = 100;
const AT_ONCE = 500;
const LOOK_MS = 60_000;
/** Nothing of a person comes so long after they left. */
const REMEMBERED_DAYS = 30;

export interface Forgetting {
  /** The service's table that has a `customer`, and says by `erased` whether they are forgotten. */
  readonly table: string;
  /** Forgets at most so many rows of these people that have ended; resolves with how many it were. */
  readonly forget: (trx: Transaction, people: readonly string[], max: number) => Promise<number>;
}

/** Remembers who is to be forgotten. */
export async function rememberLeavers(
  trx: Transaction,
  entries: readonly EventEntry<UserEvent>[],
): Promise<void> {
  const people = entries.flatMap(({ event }) => (hasLeft(event) ? [event.user] : []));
  if (people.length === 0) return;
  await trx.raw('INSERT INTO erasures (customer) SELECT unnest(?::text[]) ON CONFLICT DO NOTHING', [
    people,
  ]);
}

function hasLeft({ type }: UserEvent): boolean {
  return type === 'user.deleted';
}

/** One round of forgetting, bounded; true: there may be more. */
export async function eraseDue(
  database: Database,
  { table, forget }: Forgetting,
): Promise<boolean> {
  return database.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { customer: string }[] }>(
      `SELECT customer FROM erasures WHERE look_at <= now() ORDER BY look_at LIMIT ?
          FOR UPDATE SKIP LOCKED`,
      [PEOPLE_AT_ONCE],
    );
    if (rows.length === 0) return false;
    const people = rows.map(({ customer }) => customer);
    if ((await forget(trx, people, AT_ONCE)) === AT_ONCE) return true;
    await lookAgain(trx, table, people);
    return rows.length === PEOPLE_AT_ONCE;
  });
}

/** Soon while something is under way; else what comes late is looked for, the later the rarer. */
async function lookAgain(trx: Transaction, table: string, people: readonly string[]) {
  await trx.raw(
    `WITH waiting AS (
       SELECT DISTINCT customer FROM ?? WHERE customer = ANY(?) AND NOT erased),
     over AS (
       DELETE FROM erasures e WHERE customer = ANY(?) AND asked_at < now() - ? * interval '1 day'
          AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.customer = e.customer))
     UPDATE erasures e
        SET look_at = now() + CASE WHEN EXISTS (SELECT 1 FROM waiting w WHERE w.customer = e.customer)
              THEN interval '1 minute'
              ELSE greatest(interval '1 minute', (now() - e.asked_at) / 8) END
      WHERE customer = ANY(?) AND (asked_at >= now() - ? * interval '1 day'
         OR EXISTS (SELECT 1 FROM waiting w WHERE w.customer = e.customer))`,
    [table, [...people], [...people], REMEMBERED_DAYS, [...people], REMEMBERED_DAYS],
  );
}

/** Follows who leaves, and forgets them. */
export function startErasing(
  context: ServiceContext,
  database: Database,
  forgetting: Forgetting,
): Part {
  const following = startFollowing<UserEvent>(context, {
    ...{ database, stream: USER_STREAM, consumer: database.schema },
    ...{ handler: rememberLeavers, wants: hasLeft, inbox: false },
  });
  const erasing = startPump({
    work: () => eraseDue(database, forgetting),
    pollMs: LOOK_MS,
    backOffMs: [1_000, LOOK_MS],
    onError: (err) => context.log.warn({ err }, 'people could not be forgotten; trying again'),
  });
  return {
    async stop() {
      await Promise.all([following.stop(), erasing.stop()]);
    },
  };
}
