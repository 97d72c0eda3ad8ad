/**
 * Makes a write repeatable by its Idempotency-Key: key, hash of the request and the answer are
 * stored in the transaction of the write itself. Owns the table `idempotency` of a service's schema.
 */
import { createHash } from 'node:crypto';
import { WaggleError } from '../contracts/errors.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { uniqueViolation } from './database-errors.ts';
import type { Call } from './service.ts';

export const IDEMPOTENCY_TABLE = `
  CREATE TABLE idempotency (
    owner text NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    -- json, not jsonb: a repeat gets the very text of the first answer
    answer json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_key PRIMARY KEY (owner, key)
  );
  CREATE INDEX idempotency_created ON idempotency (created_at);
`;

const KEPT_DAYS = 2;
const PURGE_BATCH = 5_000;
const KEY = /^[\x21-\x7e]{8,200}$/;

export interface IdempotentRequest {
  /** Whose key it is: the same key of two callers are two keys. */
  readonly owner: string;
  readonly key: string | undefined;
  readonly request: unknown;
}

/**
 * Runs `work` once per key and returns its answer; a repeat gets the stored answer. Throws
 * `request.invalid` without a usable key, `idempotency.mismatch` for another request under the key.
 */
export async function idempotent<T extends object>(
  database: Database,
  { owner, key, request }: IdempotentRequest,
  work: (trx: Transaction) => Promise<T>,
): Promise<{ readonly answer: T; readonly repeated: boolean }> {
  requireKey(key);
  const requestHash = hashOf(request);
  const stored = await findAnswer<T>(database.knex, owner, key, requestHash);
  if (stored !== undefined) return { answer: stored, repeated: true };
  try {
    const answer = await database.transaction(async (trx) => {
      const made = await work(trx);
      await trx('idempotency').insert({
        owner,
        key,
        request_hash: requestHash,
        answer: JSON.stringify(made),
      });
      return made;
    });
    return { answer, repeated: false };
  } catch (error) {
    // Two requests with one key raced; the other one's write stands and ours was rolled back.
    if (uniqueViolation(error) !== 'idempotency_key') throw error;
    const other = await findAnswer<T>(database.knex, owner, key, requestHash);
    if (other === undefined) throw error;
    return { answer: other, repeated: true };
  }
}

/** Throws `request.invalid` without a usable key. */
export function requireKey(key: string | undefined): asserts key is string {
  if (key !== undefined && KEY.test(key)) return;
  throw new WaggleError('request.invalid', 'an Idempotency-Key header is needed', [
    { field: 'Idempotency-Key', expected: '8 to 200 visible ASCII characters' },
  ]);
}

/** The answer that was given under a key, if any. Throws `idempotency.mismatch`. */
export function storedAnswer<T>(
  db: Queryable,
  { owner, key, request }: IdempotentRequest,
): Promise<T | undefined> {
  requireKey(key);
  return findAnswer<T>(db, owner, key, hashOf(request));
}

/** A request under its key, and what is answered when it is the first. */
export interface KeyedAnswer {
  readonly owner: string;
  readonly key: string;
  readonly requestHash: string;
  readonly answer: object;
}

/** What became of a key: ours now, taken by the same request, or by another one. */
export type KeyClaim =
  | { readonly is: 'new' }
  | { readonly is: 'known'; readonly answer: unknown }
  | { readonly is: 'mismatch' };

/**
 * Stores the answers of many requests in the caller's transaction, each key once; waits for others
 * that hold one of the keys. No two entries may have the same owner and key. In the order given.
 */
export async function claimKeys(
  trx: Transaction,
  entries: readonly KeyedAnswer[],
): Promise<readonly KeyClaim[]> {
  const rows = entries.map(({ owner, key, requestHash, answer }) => ({
    ...{ owner, key, request_hash: requestHash, answer },
  }));
  // Sorted, so that two transactions never wait for each other.
  const { rows: claimed } = await trx.raw<{ rows: { owner: string; key: string }[] }>(
    `INSERT INTO idempotency (owner, key, request_hash, answer)
     SELECT owner, key, request_hash, answer
       FROM json_to_recordset(?::json) AS n (owner text, key text, request_hash text, answer json)
      ORDER BY owner, key
     ON CONFLICT (owner, key) DO NOTHING RETURNING owner, key`,
    [JSON.stringify(rows)],
  );
  const ours = new Set(claimed.map(({ owner, key }) => nameOf(owner, key)));
  const taken = entries.filter(({ owner, key }) => !ours.has(nameOf(owner, key)));
  const known = await readKeys(trx, taken);
  return entries.map(({ owner, key, requestHash }) => {
    const name = nameOf(owner, key);
    if (ours.has(name)) return { is: 'new' };
    const row = known.get(name);
    if (row === undefined || row.request_hash !== requestHash) return { is: 'mismatch' };
    return { is: 'known', answer: row.answer };
  });
}

/** Gives keys back that were claimed in this transaction: nothing came of their requests. */
export async function releaseKeys(
  trx: Transaction,
  entries: readonly Pick<KeyedAnswer, 'owner' | 'key'>[],
): Promise<void> {
  if (entries.length === 0) return;
  await trx.raw(
    `DELETE FROM idempotency i USING unnest(?::text[], ?::text[]) AS n (owner, key)
      WHERE i.owner = n.owner AND i.key = n.key`,
    [entries.map(({ owner }) => owner), entries.map(({ key }) => key)],
  );
}

interface KeyRow {
  readonly owner: string;
  readonly key: string;
  readonly request_hash: string;
  readonly answer: unknown;
}

async function readKeys(
  trx: Transaction,
  entries: readonly KeyedAnswer[],
): Promise<ReadonlyMap<string, KeyRow>> {
  if (entries.length === 0) return new Map();
  const { rows } = await trx.raw<{ rows: KeyRow[] }>(
    `SELECT i.owner, i.key, i.request_hash, i.answer
       FROM idempotency i JOIN unnest(?::text[], ?::text[]) AS n (owner, key)
         ON i.owner = n.owner AND i.key = n.key`,
    [entries.map(({ owner }) => owner), entries.map(({ key }) => key)],
  );
  return new Map(rows.map((row) => [nameOf(row.owner, row.key), row]));
}

/** Neither part has a space. */
function nameOf(owner: string, key: string): string {
  return `${owner} ${key}`;
}

/** The same for the same request, whatever the order of its fields. */
export function hashOf(request: unknown): string {
  return createHash('sha256').update(canonical(request)).digest('base64url');
}

/**
 * Runs `work` in a transaction; with an Idempotency-Key, once per key and caller. For what makes
 * something without moving money: the key may be left out. `what` tells requests of one caller apart.
 */
export async function repeatable<T extends object>(
  database: Database,
  { caller, idempotencyKey: key }: Pick<Call, 'caller' | 'idempotencyKey'>,
  what: readonly [name: string, params: object],
  work: (trx: Transaction) => Promise<T>,
): Promise<T> {
  if (key === undefined || caller.kind === 'public' || caller.kind === 'system') {
    return database.transaction(work);
  }
  return (await idempotent(database, { owner: caller.sub, key, request: what }, work)).answer;
}

async function findAnswer<T>(
  knex: Queryable,
  owner: string,
  key: string,
  requestHash: string,
): Promise<T | undefined> {
  const row = await knex<{ owner: string; key: string; request_hash: string; answer: T }>(
    'idempotency',
  )
    .where({ owner, key })
    .first('request_hash', 'answer');
  if (row === undefined) return undefined;
  if (row.request_hash !== requestHash) throw new WaggleError('idempotency.mismatch');
  return row.answer as T;
}

/** JSON with sorted keys: the same request in another order is the same request. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Forgets keys past their time, a bounded number at once. */
export async function purgeIdempotency(knex: Queryable): Promise<void> {
  await knex.raw(
    `DELETE FROM idempotency WHERE ctid IN (
       SELECT ctid FROM idempotency WHERE created_at < now() - ? * interval '1 day' LIMIT ?)`,
    [KEPT_DAYS, PURGE_BATCH],
  );
}
