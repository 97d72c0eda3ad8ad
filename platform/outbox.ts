/**
 * Transactional outbox: what must be told to others is written in the transaction that made it true,
 * and carried out after. Owns the table `outbox` of a service's schema and its relay.
 *
 * Per key the rows go out in order: only the first row of a key is taken, and a row is gone only
 * after it was delivered. At least once: whoever receives must dedupe by `eventId`. Bounded by the
 * transactions that write it; the relay takes bounded batches.
 */
import { newId } from '../contracts/ids.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { listen } from './listener.ts';
import { type Pump, startPump } from './pump.ts';

const BATCH_MAX = 300;
const POLL_MS = 1_000;
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 30_000;
/**
 * How long a batch under way keeps its rows from other relays, host ms: as long as they wait when
 * the process dies in the middle. What delivers must give up sooner (`DELIVER_TIMEOUT_MS`).
 */
const BATCH_DEADLINE_MS = 5_000;
export const DELIVER_TIMEOUT_MS = 4_000;

/** The table every service with an outbox has; part of its first migration. */
export const OUTBOX_TABLE = `
  CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    event_id text NOT NULL UNIQUE,
    key text NOT NULL,
    topic text NOT NULL,
    payload jsonb NOT NULL,
    correlation text,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX outbox_key ON outbox (key, id);
  CREATE INDEX outbox_next ON outbox (next_at, id);
`;

export interface OutboxEntry {
  /** Order is kept among entries of one key. */
  readonly key: string;
  readonly topic: string;
  readonly payload: object;
  readonly correlation?: string | undefined;
}

export interface OutboxRow {
  readonly id: number;
  readonly event_id: string;
  readonly key: string;
  readonly topic: string;
  readonly payload: unknown;
  readonly correlation: string | null;
  readonly attempts: number;
}

/** Writes entries in the caller's transaction and wakes the relays when it commits. */
export async function enqueue(trx: Transaction, entries: readonly OutboxEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await trx('outbox').insert(
    entries.map((entry) => ({
      event_id: newId('event'),
      key: entry.key,
      topic: entry.topic,
      payload: JSON.stringify(entry.payload),
      correlation: entry.correlation ?? null,
    })),
  );
  await trx.raw(`SELECT pg_notify(current_schema() || '_outbox', '')`);
}

export interface RelayOptions {
  readonly database: Database;
  /** Carries one row out. Resolves when it has surely arrived; a throw means: again later. */
  readonly deliver: (row: OutboxRow) => Promise<void>;
  readonly onError: (error: unknown, row?: OutboxRow) => void;
}

/** Starts a relay; several may run at once, in several processes. */
export function startRelay(options: RelayOptions): Pump {
  const { database } = options;
  const pump = startPump({
    work: () => relayBatch(options),
    pollMs: POLL_MS,
    backOffMs: [RETRY_FIRST_MS, RETRY_LONGEST_MS],
    onError: options.onError,
  });
  const listener = listen(database, `${database.schema}_outbox`, () => pump.wake());
  return {
    wake: () => pump.wake(),
    async stop() {
      await listener.stop();
      await pump.stop();
    },
  };
}

/** Takes one batch. The rows are reserved by time, not by an open transaction over foreign calls. */
async function relayBatch({ database, deliver, onError }: RelayOptions): Promise<boolean> {
  const rows = await reserve(database.knex);
  if (rows.length === 0) return false;
  const delivered: number[] = [];
  const failed: { id: number; error: string }[] = [];
  await Promise.all(
    rows.map(async (row) => {
      try {
        await deliver(row);
        delivered.push(row.id);
      } catch (error) {
        onError(error, row);
        failed.push({ id: row.id, error: String(error).slice(0, 300) });
      }
    }),
  );
  if (delivered.length > 0) await database.knex('outbox').whereIn('id', delivered).delete();
  for (const { id, error } of failed) await postpone(database.knex, id, error);
  return delivered.length > 0;
}

/**
 * The first rows of as many keys. SKIP LOCKED lets several relays share the work; the new `next_at`
 * keeps the rows reserved while they are carried out.
 */
async function reserve(knex: Queryable): Promise<OutboxRow[]> {
  const { rows } = await knex.raw<{ rows: OutboxRow[] }>(
    `UPDATE outbox SET attempts = attempts + 1, next_at = now() + ? * interval '1 millisecond'
      WHERE id IN (
        SELECT id FROM outbox o
         WHERE next_at <= now()
           AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.key = o.key AND p.id < o.id)
         ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)
      RETURNING id, event_id, key, topic, payload, correlation, attempts`,
    [BATCH_DEADLINE_MS, BATCH_MAX],
  );
  return rows.sort((a, b) => a.id - b.id);
}

async function postpone(knex: Queryable, id: number, error: string): Promise<void> {
  await knex.raw(
    `UPDATE outbox SET last_error = ?,
       next_at = now() + LEAST(?, ? * power(2, LEAST(attempts - 1, 16))) * interval '1 millisecond'
      WHERE id = ?`,
    [error, RETRY_LONGEST_MS, RETRY_FIRST_MS, id],
  );
}
