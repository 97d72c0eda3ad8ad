/**
 * Forgets people who left: notes and proofs go, doors become the middle of their neighbourhood, in
 * the record and in the command that asked for it. A delivery under way keeps what it needs and
 * forgets it once it has ended. Ids stay.
 */
import { USER_STREAM, type UserEvent } from '../../contracts/messages/users.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import type { Database, Queryable, Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { startPump } from '../../platform/pump.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startFollowing } from '../../platform/service-streams.ts';
import { dropProofsOf } from './proofs/proof-queries.ts';
import type { DeliveryRow } from './rows.ts';

/** Places are kept to two digits of a degree: about a kilometre. */
const KEPT_DIGITS = 2;
const AT_ONCE = 500;
const LOOK_MS = 60_000;
/** Nothing of a person comes so long after they left. */
const REMEMBERED_DAYS = 30;

/** Remembers who is to be forgotten. */
export async function follow(
  trx: Transaction,
  entries: readonly EventEntry<UserEvent>[],
): Promise<void> {
  const customers = entries.flatMap(({ event }) =>
    event.type === 'user.deleted' ? [event.user] : [],
  );
  if (customers.length === 0) return;
  await trx.raw(`INSERT INTO erasures (customer) SELECT unnest(?::text[]) ON CONFLICT DO NOTHING`, [
    customers,
  ]);
}

type Kept = Pick<DeliveryRow, 'id' | 'request'>;

/** One round of forgetting, bounded; true: there may be more. */
export async function erase(database: Database): Promise<boolean> {
  return database.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: Kept[] }>(
      `SELECT d.id, d.request FROM erasures e
         JOIN deliveries d ON d.customer = e.customer AND NOT d.erased
        WHERE d.ended_ms IS NOT NULL
        ORDER BY d.id LIMIT ? FOR NO KEY UPDATE OF d`,
      [AT_ONCE],
    );
    if (rows.length > 0) await blur(trx, rows);
    await dropProofsOf(
      trx,
      rows.map(({ id }) => id),
    );
    await forgetErasures(trx);
    return rows.length === AT_ONCE;
  });
}

async function blur(trx: Transaction, rows: readonly Kept[]): Promise<void> {
  const blurred = JSON.stringify(
    rows.map(({ id, request }) => ({ id, dropoff: blurredPlace(request.dropoff) })),
  );
  const news = 'jsonb_to_recordset(?::jsonb) AS n (id text, dropoff jsonb)';
  await trx.raw(
    `UPDATE deliveries d SET erased = true, dropoff_note = NULL,
            request = jsonb_set(d.request, '{dropoff}', n.dropoff)
       FROM ${news} WHERE d.id = n.id`,
    [blurred],
  );
  await trx.raw(
    `UPDATE commands c SET command = jsonb_set(c.command, '{request,dropoff}', n.dropoff)
       FROM ${news} WHERE c.delivery = n.id AND c.number = 1`,
    [blurred],
  );
}

/** The same place, as far as a kilometre tells. */
export function blurredPlace({ latE7, lonE7 }: { readonly latE7: number; readonly lonE7: number }) {
  const round = (e7: number): number => Number((e7 / 1e7).toFixed(KEPT_DIGITS));
  return placeOf(round(latE7), round(lonE7));
}

async function forgetErasures(db: Queryable): Promise<void> {
  await db.raw(
    `DELETE FROM erasures e WHERE asked_at < now() - ? * interval '1 day'
       AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.customer = e.customer AND NOT d.erased)`,
    [REMEMBERED_DAYS],
  );
}

/** Follows who leaves, and forgets them. */
export function startErasing(context: ServiceContext, database: Database): Part {
  const following = startFollowing<UserEvent>(context, {
    database,
    stream: USER_STREAM,
    consumer: 'deliveries',
    handler: follow,
  });
  const erasing = startPump({
    work: () => erase(database),
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
