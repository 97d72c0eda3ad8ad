/** What is asked of messages, their counters and the log of tries; many at once where it counts. */
import type { AttemptOutcome, MessageState, WebhookMessage } from '../../contracts/api/webhooks.ts';
import type { DeliveryId, EventId, WebhookAttemptId, WebhookId } from '../../contracts/ids.ts';
import type { DeliveryState } from '../../contracts/states.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { type Counter, counterKey } from './numbering.ts';

export interface MessageRow {
  readonly id: EventId;
  readonly webhook: WebhookId;
  readonly delivery: DeliveryId;
  readonly number: number;
  readonly delivery_state: DeliveryState;
  readonly body: string;
  readonly state: MessageState;
  readonly again: boolean;
  readonly attempts: number;
  readonly next_at: Date;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly delivered_at: Date | null;
}

export type NewMessage = Pick<
  MessageRow,
  'id' | 'webhook' | 'delivery' | 'number' | 'delivery_state' | 'body' | 'state'
>;

export interface AttemptRow {
  readonly id: WebhookAttemptId;
  readonly webhook: WebhookId;
  readonly message: EventId;
  readonly delivery: DeliveryId | null;
  readonly number: number | null;
  readonly at: Date;
  readonly outcome: AttemptOutcome;
  readonly status: number | null;
  readonly duration_ms: number;
  readonly error: string | null;
  readonly body: string | null;
}

/** Counters of these webhooks and deliveries, locked, by `counterKey`. */
export async function lockCounters(
  trx: Transaction,
  webhooks: readonly string[],
  deliveries: readonly string[],
): Promise<Map<string, Counter>> {
  const rows: {
    webhook: string;
    delivery: string;
    number: number;
    epoch: number;
    seq: number;
    index: number;
  }[] = await trx('counters')
    .whereRaw('webhook = ANY(?) AND delivery = ANY(?)', [[...webhooks], [...deliveries]])
    .orderBy(['webhook', 'delivery'])
    .forUpdate();
  return new Map(
    rows.map(({ webhook, delivery, number, epoch, seq, index }) => [
      counterKey(webhook, delivery),
      { webhook, delivery, number, version: [epoch, seq, index] },
    ]),
  );
}

export async function putCounters(trx: Transaction, counters: readonly Counter[]): Promise<void> {
  const rows = counters.map(({ webhook, delivery, number, version: [epoch, seq, index] }) => ({
    ...{ webhook, delivery, number, epoch, seq, index },
  }));
  await trx.raw(
    `INSERT INTO counters (webhook, delivery, number, epoch, seq, index)
     SELECT webhook, delivery, number, epoch, seq, index FROM jsonb_to_recordset(?::jsonb)
         AS n (webhook text, delivery text, number integer, epoch bigint, seq bigint, index integer)
     ON CONFLICT (webhook, delivery) DO UPDATE SET number = excluded.number,
        epoch = excluded.epoch, seq = excluded.seq, index = excluded.index, changed_at = now()`,
    [JSON.stringify(rows)],
  );
}

/** Writes messages and wakes the senders. */
export async function insertMessages(
  trx: Transaction,
  rows: readonly NewMessage[],
  giveUpMs: number,
): Promise<void> {
  await trx.raw(
    `INSERT INTO messages (id, webhook, delivery, number, delivery_state, body, state, give_up_at)
     SELECT id, webhook, delivery, number, delivery_state, body, state,
            now() + ? * interval '1 millisecond'
       FROM jsonb_to_recordset(?::jsonb) AS n (id text, webhook text, delivery text,
            number integer, delivery_state text, body text, state text)`,
    [giveUpMs, JSON.stringify(rows)],
  );
  await wakeSenders(trx);
}

export async function wakeSenders(trx: Queryable): Promise<void> {
  await trx.raw(`SELECT pg_notify('webhooks_messages', '')`);
}

/** Nothing more goes to this webhook: what waits is kept, not sent. */
export async function holdMessages(trx: Transaction, webhooks: readonly string[]): Promise<void> {
  await trx('messages')
    .whereRaw(`webhook = ANY(?) AND state = 'waiting'`, [[...webhooks]])
    .update({ state: 'held' });
}

export async function messageOf(
  db: Queryable,
  webhook: string,
  id: string,
): Promise<MessageRow | undefined> {
  return db('messages').where({ webhook, id }).first();
}

export interface MessageFilter {
  readonly webhook: string;
  readonly state?: string | undefined;
  readonly delivery?: string | undefined;
  readonly before?: string | undefined;
}

/** Newest first. */
export async function listMessages(
  db: Queryable,
  filter: MessageFilter,
  limit: number,
): Promise<MessageRow[]> {
  const query = db('messages')
    .where({ webhook: filter.webhook })
    .orderBy('id', 'desc')
    .limit(limit);
  if (filter.state !== undefined) query.where({ state: filter.state });
  if (filter.delivery !== undefined) query.where({ delivery: filter.delivery });
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

export interface AttemptFilter {
  readonly webhook: string;
  readonly message?: string | undefined;
  readonly delivery?: string | undefined;
  readonly before?: string | undefined;
}

/** Newest first. */
export async function listAttempts(
  db: Queryable,
  filter: AttemptFilter,
  limit: number,
): Promise<AttemptRow[]> {
  const query = db('attempts')
    .where({ webhook: filter.webhook })
    .orderBy('id', 'desc')
    .limit(limit);
  if (filter.message !== undefined) query.where({ message: filter.message });
  if (filter.delivery !== undefined) query.where({ delivery: filter.delivery });
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

export interface Again {
  readonly webhook: string;
  /** One message, or all since. */
  readonly message?: string;
  readonly since?: Date;
  readonly undeliveredOnly?: boolean;
  readonly countMax: number;
  readonly giveUpMs: number;
}

/** Has messages sent again, the oldest first; resolves with when each was written. */
export async function sendAgain(trx: Transaction, again: Again): Promise<Date[]> {
  const { rows } = await trx.raw<{ rows: { created_at: Date }[] }>(
    `WITH chosen AS (
       SELECT id FROM messages
        WHERE webhook = ? AND state <> 'waiting'
          AND (?::text IS NULL OR id = ?) AND (?::timestamptz IS NULL OR created_at >= ?)
          AND (NOT ? OR state <> 'delivered')
        ORDER BY created_at, id LIMIT ? FOR UPDATE)
     UPDATE messages m SET state = 'waiting', again = true, attempts = 0, next_at = now(),
            give_up_at = now() + ? * interval '1 millisecond', delivered_at = NULL
       FROM chosen WHERE m.id = chosen.id RETURNING m.created_at`,
    [
      again.webhook,
      ...[again.message ?? null, again.message ?? null],
      ...[again.since ?? null, again.since ?? null],
      again.undeliveredOnly === true,
      again.countMax,
      again.giveUpMs,
    ],
  );
  await wakeSenders(trx);
  return rows.map(({ created_at }) => created_at).sort((a, b) => a.getTime() - b.getTime());
}

/** Messages by state that are not done with, for figures. */
export async function countMessages(
  db: Queryable,
): Promise<{ readonly waiting: number; readonly oldestSeconds: number }> {
  const { rows } = await db.raw<{ rows: { waiting: number; oldest: number | null }[] }>(
    `SELECT count(*)::int AS waiting,
            extract(epoch FROM now() - min(created_at) FILTER (WHERE NOT again))::float8 AS oldest
       FROM messages WHERE state = 'waiting'`,
  );
  const [row] = rows;
  return { waiting: row?.waiting ?? 0, oldestSeconds: row?.oldest ?? 0 };
}

export function messageView(row: MessageRow): WebhookMessage {
  return {
    id: row.id,
    delivery: row.delivery,
    number: row.number,
    deliveryState: row.delivery_state,
    state: row.state,
    attempts: row.attempts,
    lastError: row.last_error,
    createdAt: row.created_at.toISOString(),
    nextAt: row.state === 'waiting' ? row.next_at.toISOString() : null,
    deliveredAt: row.delivered_at?.toISOString() ?? null,
  };
}
