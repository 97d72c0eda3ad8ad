/** What the users service asks of the table of API keys. */
import { Model, raw } from 'objection';
import type { ApiKey, ApiKeyScope } from '../../contracts/api/users.ts';
import type { AccountId, Id } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';

export class ApiKeyRow extends Model {
  static override tableName = 'api_keys';
  declare id: Id<'apiKey'>;
  declare account: AccountId;
  declare name: string;
  declare hash: string;
  declare scopes: ApiKeyScope[];
  declare created_at: Date;
  declare revoked_at: Date | null;
  declare previous_hash: string | null;
  declare previous_until: Date | null;
  declare rotated_at: Date | null;
  declare last_used_at: Date | null;
  declare expires_at: Date | null;
}

export async function insertApiKey(
  db: Queryable,
  key: Pick<ApiKeyRow, 'id' | 'account' | 'name' | 'hash' | 'scopes' | 'expires_at'>,
): Promise<ApiKeyRow> {
  return ApiKeyRow.query(db).insert(key).returning('*');
}

const API_KEYS_LISTED_MAX = 500;

export async function apiKeysOf(db: Queryable, account: AccountId | null): Promise<ApiKeyRow[]> {
  const query = ApiKeyRow.query(db).orderBy('id').limit(API_KEYS_LISTED_MAX);
  return account === null ? query : query.where({ account });
}

/** The key of a secret that may be used now: the current one, or the one before for its grace. */
export async function liveApiKey(db: Queryable, hash: string): Promise<ApiKeyRow | undefined> {
  return ApiKeyRow.query(db)
    .where((either) =>
      either
        .where({ hash })
        .orWhere((before) =>
          before.where({ previous_hash: hash }).whereRaw('previous_until > now()'),
        ),
    )
    .whereNull('revoked_at')
    .whereRaw('(expires_at IS NULL OR expires_at > now())')
    .first();
}

const USED_EVERY_MS = 60_000;

/** Remembers that a key was used, at most once a minute: reading must not cost a write each. */
export async function touchApiKey(db: Queryable, key: ApiKeyRow): Promise<void> {
  const last = key.last_used_at?.getTime() ?? 0;
  if (Date.now() - last < USED_EVERY_MS) return;
  await db.raw(
    `UPDATE api_keys SET last_used_at = now()
      WHERE id = ? AND (last_used_at IS NULL OR last_used_at < now() - ? * interval '1 ms')`,
    [key.id, USED_EVERY_MS],
  );
}

/** Gives a key a new secret; undefined when there is no such key that works. */
export async function rotateApiKey(
  db: Queryable,
  ref: { readonly id: string; readonly account: AccountId | null },
  { hash, graceSeconds }: { readonly hash: string; readonly graceSeconds: number },
): Promise<ApiKeyRow | undefined> {
  const query = ApiKeyRow.query(db)
    .where({ id: ref.id })
    .whereNull('revoked_at')
    .whereRaw('(expires_at IS NULL OR expires_at > now())');
  if (ref.account !== null) query.where({ account: ref.account });
  const [row] = await query
    .patch({
      hash,
      previous_hash: raw('hash'),
      previous_until: raw("now() + ? * interval '1 second'", [graceSeconds]),
      rotated_at: raw('now()'),
    } as object)
    .returning('*');
  return row;
}

/** Ends all keys of an account that nobody is left in. */
export async function revokeKeysOf(db: Queryable, account: AccountId): Promise<void> {
  await ApiKeyRow.query(db)
    .where({ account })
    .whereNull('revoked_at')
    .patch({ revoked_at: new Date() });
}

/** False when there is no such key in the account (null: any account). */
export async function revokeApiKey(
  db: Queryable,
  id: string,
  account: AccountId | null,
): Promise<boolean> {
  const query = ApiKeyRow.query(db).where({ id }).whereNull('revoked_at');
  if (account !== null) query.where({ account });
  return (await query.patch({ revoked_at: new Date() })) > 0;
}

export function apiKeyView(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    scopes: row.scopes,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    rotatedAt: row.rotated_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
