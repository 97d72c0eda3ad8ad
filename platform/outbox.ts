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
import type { EventEntry } from './event-stream.ts';
import { type Pump, startPump } from './pump.ts';
import { afterCommit } from './transactions.ts';

/** Rows that are delivered at once. */
const BATCH_MAX = 200;
/** Characters of one row: several entries, and yet it fits on a page of Postgres. */
const ROW_LENGTH_MAX = 7_500;
/** Rest after a batch, for each row it had and at most: what is written meanwhile goes out together. */
const GATHER_MS = [10, 40] as const;
const POLL_MS = 1_000;
/** What was written here waits so long when the relay of another process is at work, host ms. */
const TAKEN_MS = 50;
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

/**
 * Rows lie on their pages as they are: compressing them and cutting them into pieces took as long as
 * writing them. Vacuum comes by the number of rows that went, since few are ever there. Part of a
 * later migration of every service with an outbox.
 */
export const OUTBOX_STORAGE = `
  ALTER TABLE outbox ALTER COLUMN payload SET STORAGE EXTERNAL;
  ALTER TABLE outbox SET (
    toast_tuple_target = 8160,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_insert_threshold = -1,
    -- giving empty pages back to the disk would lock out whoever writes
    vacuum_truncate = off
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

/** An entry as it goes to its stream, in JSON. */
type EntryText = string;

interface OutboxRow {
  readonly id: number;
  readonly topic: string;
  readonly payload: string;
}

/** Between the entries of a payload. JSON has no line breaks of its own, so nobody need parse it. */
const BETWEEN = '\n,';
const BEGIN = '[\n';
const END = '\n]';

function payloadOf(entries: readonly EntryText[]): string {
  return BEGIN + entries.join(BETWEEN) + END;
}

function entriesOf(payload: string): EntryText[] {
  if (payload.startsWith(BEGIN)) {
    return payload.slice(BEGIN.length, -END.length).split(BETWEEN);
  }
  // Written by the version before.
  return (JSON.parse(payload) as object[]).map((entry) => JSON.stringify(entry));
}

/**
 * Relays of this process, by the pool of their service: they are woken by what is written here. A
 * process that writes has a relay of its own, so Postgres need not wake the listeners of everybody,
 * one commit after the other.
 */
const relays = new WeakMap<object, Set<() => void>>();

function relaysOf(pool: object): Set<() => void> {
  const known = relays.get(pool) ?? new Set();
  relays.set(pool, known);
  return known;
}

/** Writes entries in the caller's transaction and wakes the relay when it commits. */
export async function enqueue(trx: Transaction, entries: readonly OutboxEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = rowsOf(entries);
  afterCommit(trx, (pool) => {
    for (const wake of relaysOf(pool)) wake();
  });
  await (rows.length > ROWS_APART_MAX ? insertArrays(trx, rows) : insertApart(trx, rows));
}

/** So many rows have a statement of their own number; more would be too many different ones. */
const ROWS_APART_MAX = 8;

/** One parameter for each value: in an array every quote of a payload is escaped. */
async function insertApart(trx: Transaction, rows: readonly NewRow[]): Promise<void> {
  const values = rows.map(() => '(?, ?, ?, ?)').join(', ');
  await trx.raw(
    `INSERT INTO outbox (event_id, key, topic, payload) VALUES ${values}`,
    rows.flatMap(({ id, key, topic, texts }) => [id, key, topic, payloadOf(texts)]),
  );
}

async function insertArrays(trx: Transaction, rows: readonly NewRow[]): Promise<void> {
  await trx.raw(
    `INSERT INTO outbox (event_id, key, topic, payload)
     SELECT * FROM unnest(?::text[], ?::text[], ?::text[], ?::json[])`,
    [
      rows.map(({ id }) => id),
      rows.map(({ key }) => key),
      rows.map(({ topic }) => topic),
      rows.map(({ texts }) => payloadOf(texts)),
    ],
  );
}

/** Id and key are those of the first entry. */
interface NewRow {
  readonly id: string;
  readonly key: string;
  readonly topic: string;
  readonly texts: string[];
  length: number;
}

/** Entries of one topic together, in their order. */
function rowsOf(entries: readonly OutboxEntry[]): NewRow[] {
  const rows: NewRow[] = [];
  const filling = new Map<string, NewRow>();
  for (const { key, topic, payload: event, correlation = null } of entries) {
    const id = newId('event');
    const text = JSON.stringify({ id, correlation, event } satisfies EventEntry);
    let row = filling.get(topic);
    if (row === undefined || row.length + text.length > ROW_LENGTH_MAX) {
      row = { id, key, topic, texts: [], length: 0 };
      filling.set(topic, row);
      rows.push(row);
    }
    row.texts.push(text);
    row.length += text.length + 1;
  }
  return rows;
}

export interface RelayOptions {
  readonly database: Database;
  /**
   * Carries entries of one topic out, in their order. Resolves when all have surely arrived; a throw
   * means: all of them again later, and nothing of that topic before.
   */
  readonly deliver: (topic: string, entries: readonly EntryText[]) => Promise<void>;
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
  // Something was written here since this relay last had the lock.
  let isOwed = false;
  const pump = startPump({
    work: async (signal) => {
      const wasOwed = isOwed;
      isOwed = false;
      const delivered = await relayBatch(options, resting);
      if (delivered === 'taken') {
        isOwed ||= wasOwed;
        if (isOwed) await delay(TAKEN_MS, undefined, { signal }).catch(() => {});
        return isOwed;
      }
      const [each, longest] = GATHER_MS;
      const restMs = delivered === BATCH_MAX ? 0 : Math.min(longest, each * delivered);
      if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => {});
      return delivered > 0;
    },
    pollMs: POLL_MS,
    backOffMs: [RETRY_FIRST_MS, RETRY_LONGEST_MS],
    onError: options.onError,
  });
  const wake = (): void => {
    isOwed = true;
    pump.wake();
  };
  const others = relaysOf(database.knex);
  others.add(wake);
  return {
    wake,
    async stop() {
      others.delete(wake);
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
): Promise<number | 'taken'> {
  const nowMs = Date.now();
  const waiting = [...resting].filter(([, { untilMs }]) => untilMs > nowMs).map(([topic]) => topic);
  return database.transaction(async (trx) => {
    // Sent together, done one after the other: the rows are looked at under the lock.
    const [isLocked, rows] = await Promise.all([
      lock(trx, database.schema),
      nextRows(trx, waiting),
    ]);
    if (!isLocked) return 'taken';
    const delivered: number[] = [];
    const carry = async ([topic, ofTopic]: [string, OutboxRow[]]): Promise<void> => {
      try {
        await deliver(
          topic,
          ofTopic.flatMap(({ payload }) => entriesOf(payload)),
        );
        delivered.push(...ofTopic.map(({ id }) => id));
        resting.delete(topic);
      } catch (error) {
        onError(error, topic);
        rest(resting, topic);
      }
    };
    await Promise.all([...byTopic(rows)].map(carry));
    if (delivered.length > 0) {
      await trx.raw('DELETE FROM outbox WHERE id = ANY(?)', [delivered]);
    }
    return delivered.length;
  });
}

async function lock(trx: Transaction, schema: string): Promise<boolean> {
  // A delete that a crash forgets means the same rows once more, which is allowed: no need to wait
  // for the disk.
  const { rows } = await trx.raw<{ rows: { locked: boolean }[] }>(
    `SELECT pg_try_advisory_xact_lock(?, ?) AS locked,
            set_config('synchronous_commit', 'off', true),
            set_config('idle_in_transaction_session_timeout', '${IDLE_MS_MAX}', true)`,
    [LOCK_SPACE, hash32(schema) % 0x7fffffff],
  );
  return rows[0]?.locked === true;
}

async function nextRows(trx: Transaction, waiting: readonly string[]): Promise<OutboxRow[]> {
  const { rows } = await trx.raw<{ rows: OutboxRow[] }>(
    `SELECT id, topic, payload::text FROM outbox WHERE topic <> ALL(?) ORDER BY id LIMIT ?`,
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
