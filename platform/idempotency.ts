/**
 * Makes a write repeatable by its Idempotency-Key: key, hash of the request and the answer are
 * stored in the transaction of the write itself. Owns the table `idempotency` of a service's schema.
 */
import { createHash } from 'node:crypto';
import { WaggleError } from '../contracts/errors.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { uniqueViolation } from './database-errors.ts';

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
  if (key === undefined || !KEY.test(key)) {
    throw new WaggleError('request.invalid', 'an Idempotency-Key header is needed', [
      { field: 'Idempotency-Key', expected: '8 to 200 visible ASCII characters' },
    ]);
  }
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

/** The same for the same request, whatever the order of its fields. */
export function hashOf(request: unknown): string {
  return createHash('sha256').update(canonical(request)).digest('base64url');
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
