/**
 * Transactional outbox: what must be told to others is written in the transaction that made it true,
 * and carried out after. Owns the table `outbox` of a service's schema and its relay.
 *
 * One relay of a service works at a time, in whatever process, in the order of the rows, which is
 * the order of writing for all that one lock protected: so events of one key never overtake each
 * other. A row is gone only after it was delivered: at least once; whoever receives must dedupe by
 * its id. Bounded by the transactions that write it; the relay takes bounded batches.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hash32, newId } from '../contracts/ids.ts';
import type { Database, Transaction } from './database.ts';
import { listen } from './listener.ts';
import { type Pump, startPump } from './pump.ts';

/** Rows that are delivered at once, and entries of one row. */
const BATCH_MAX = 50;
const ENTRIES_MAX = 100;
/** Rest after a batch, for each row it had and at most: what is written meanwhile goes out together. */
const GATHER_MS = [10, 40] as const;
const POLL_MS = 1_000;
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 30_000;
/** First key of the advisory lock: marks locks of relays. */
const LOCK_SPACE = 0x57474f42;
/** Longest a batch may wait for whoever it is delivered to, ms; then another relay may take over. */
const IDLE_MS_MAX = 10_000;

/**
 * The table every service with an outbox has; part of its first migration. A row holds what one
 * transaction tells one topic: a row for each entry would cost more than the entry.
 */
export const OUTBOX_TABLE = `
  CREATE TABLE outbox (
    id bigserial PRIMARY KEY,
    -- of the first entry
    event_id text NOT NULL,
    key text NOT NULL,
    topic text NOT NULL,
    -- an array of entries; json, not jsonb: it is written once and read once
    payload json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
`;

export interface OutboxEntry {
  /** What it is about; whoever writes of one key at a time is heard in that order. */
  readonly key: string;
  /** Where it goes. */
  readonly topic: string;
  readonly payload: object;
  readonly correlation?: string | undefined;
}

/** An entry on its way. */
export interface OutboxEvent {
  readonly id: string;
  readonly key: string;
  readonly correlation: string | null;
  readonly event: object;
}

interface OutboxRow {
  readonly id: number;
  readonly topic: string;
  readonly payload: readonly OutboxEvent[];
}

/** Writes entries in the caller's transaction and wakes the relay when it commits. */
export async function enqueue(trx: Transaction, entries: readonly OutboxEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = rowsOf(entries);
  await trx.raw(
    `WITH news AS (
       INSERT INTO outbox (event_id, key, topic, payload)
       SELECT * FROM unnest(?::text[], ?::text[], ?::text[], ?::json[]))
     SELECT pg_notify(current_schema() || '_outbox', '')`,
    [
      rows.map(({ events }) => events[0]?.id ?? ''),
      rows.map(({ events }) => events[0]?.key ?? ''),
      rows.map(({ topic }) => topic),
      rows.map(({ events }) => JSON.stringify(events)),
    ],
  );
}

interface NewRow {
  readonly topic: string;
  readonly events: OutboxEvent[];
}

/** Entries of one topic together, in their order. */
function rowsOf(entries: readonly OutboxEntry[]): NewRow[] {
  const rows: NewRow[] = [];
  const filling = new Map<string, NewRow>();
  for (const { key, topic, payload: event, correlation = null } of entries) {
    let row = filling.get(topic);
    if (row === undefined || row.events.length === ENTRIES_MAX) {
      row = { topic, events: [] };
      filling.set(topic, row);
      rows.push(row);
    }
    row.events.push({ id: newId('event'), key, correlation, event });
  }
  return rows;
}

export interface RelayOptions {
  readonly database: Database;
  /**
   * Carries events of one topic out, in their order. Resolves when all have surely arrived; a throw
   * means: all of them again later, and nothing of that topic before.
   */
  readonly deliver: (topic: string, events: readonly OutboxEvent[]) => Promise<void>;
  readonly onError: (error: unknown, topic?: string) => void;
}

/** A topic that could not be delivered waits; the others go on. */
interface Resting {
  failures: number;
  untilMs: number;
}

/** Starts a relay; several may run, in several processes: one works, the others stand by. */
export function startRelay(options: RelayOptions): Pump {
  const { database } = options;
  const resting = new Map<string, Resting>();
  const pump = startPump({
    work: async (signal) => {
      const delivered = await relayBatch(options, resting);
      const [each, longest] = GATHER_MS;
      const restMs = delivered === BATCH_MAX ? 0 : Math.min(longest, each * delivered);
      if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => {});
      return delivered > 0;
    },
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

/**
 * Delivers one batch within a transaction that holds the lock of the relay: a process that dies in
 * the middle gives it back with its connection. How many rows went out: there may be more.
 */
async function relayBatch(
  { database, deliver, onError }: RelayOptions,
  resting: Map<string, Resting>,
): Promise<number> {
  const nowMs = Date.now();
  const waiting = [...resting].filter(([, { untilMs }]) => untilMs > nowMs).map(([topic]) => topic);
  return database.transaction(async (trx) => {
    if (!(await lock(trx, database.schema))) return 0;
    const rows = await nextRows(trx, waiting);
    const delivered: number[] = [];
    for (const [topic, ofTopic] of byTopic(rows)) {
      try {
        await deliver(
          topic,
          ofTopic.flatMap(({ payload }) => payload),
        );
        delivered.push(...ofTopic.map(({ id }) => id));
        resting.delete(topic);
      } catch (error) {
        onError(error, topic);
        rest(resting, topic);
      }
    }
    if (delivered.length > 0) {
      await trx.raw('DELETE FROM outbox WHERE id = ANY(?)', [delivered]);
    }
    return delivered.length;
  });
}

async function lock(trx: Transaction, schema: string): Promise<boolean> {
  // A delete that a crash forgets means the same rows once more, which is allowed: no need to wait
  // for the disk.
  await trx.raw(
    `SET LOCAL synchronous_commit = off;
     SET LOCAL idle_in_transaction_session_timeout = ${IDLE_MS_MAX}`,
  );
  const { rows } = await trx.raw<{ rows: { locked: boolean }[] }>(
    'SELECT pg_try_advisory_xact_lock(?, ?) AS locked',
    [LOCK_SPACE, hash32(schema) % 0x7fffffff],
  );
  return rows[0]?.locked === true;
}

async function nextRows(trx: Transaction, waiting: readonly string[]): Promise<OutboxRow[]> {
  const { rows } = await trx.raw<{ rows: OutboxRow[] }>(
    `SELECT id, topic, payload FROM outbox WHERE topic <> ALL(?) ORDER BY id LIMIT ?`,
    [[...waiting], BATCH_MAX],
  );
  return rows;
}

function byTopic(rows: readonly OutboxRow[]): Map<string, OutboxRow[]> {
  const topics = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const known = topics.get(row.topic);
    if (known) known.push(row);
    else topics.set(row.topic, [row]);
  }
  return topics;
}

function rest(resting: Map<string, Resting>, topic: string): void {
  const failures = (resting.get(topic)?.failures ?? 0) + 1;
  const ms = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 16));
  resting.set(topic, { failures, untilMs: Date.now() + ms });
}
