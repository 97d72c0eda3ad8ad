/** What the users service asks of its tables; nothing else reads or writes them. */
import { Model } from 'objection';
import type { ApiKey, ApiKeyScope, Role, User } from '../../contracts/api/users.ts';
import type { AccountId, DriverId, Id, UserId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';

export class UserRow extends Model {
  static override tableName = 'users';
  declare id: UserId;
  declare account: AccountId;
  declare role: Role;
  declare email: string;
  declare password_hash: string;
  declare name: string;
  declare phone: string | null;
  declare driver: DriverId | null;
  declare created_at: Date;
}

export class ApiKeyRow extends Model {
  static override tableName = 'api_keys';
  declare id: Id<'apiKey'>;
  declare account: AccountId;
  declare name: string;
  declare hash: string;
  declare scopes: ApiKeyScope[];
  declare created_at: Date;
  declare revoked_at: Date | null;
}

export type NewUser = Pick<
  UserRow,
  'id' | 'account' | 'role' | 'email' | 'password_hash' | 'name' | 'phone' | 'driver'
>;

export async function insertUser(db: Queryable, user: NewUser): Promise<UserRow> {
  return UserRow.query(db).insert(user).returning('*');
}

export async function userByEmail(db: Queryable, email: string): Promise<UserRow | undefined> {
  return UserRow.query(db).findOne({ email });
}

export async function userById(db: Queryable, id: string): Promise<UserRow | undefined> {
  return UserRow.query(db).findById(id);
}

export async function insertAccount(db: Queryable, id: AccountId, name: string): Promise<void> {
  await db.raw('INSERT INTO accounts (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING', [id, name]);
}

export async function accountExists(db: Queryable, id: AccountId): Promise<boolean> {
  return (await db('accounts').where({ id }).first('id')) !== undefined;
}

export function userView(row: UserRow): User {
  return {
    id: row.id,
    role: row.role,
    account: row.account,
    email: row.email,
    name: row.name,
    phone: row.phone,
    driver: row.driver,
    createdAt: row.created_at.toISOString(),
  };
}

export interface NewRefreshToken {
  readonly hash: string;
  readonly family: string;
  readonly userId: string;
  readonly ttlMs: number;
}

export async function insertRefreshToken(db: Queryable, token: NewRefreshToken): Promise<void> {
  await db.raw(
    `INSERT INTO refresh_tokens (hash, family, user_id, expires_at)
     VALUES (?, ?, ?, now() + ? * interval '1 millisecond')`,
    [token.hash, token.family, token.userId, token.ttlMs],
  );
}

/** Uses a token up, in one statement, so that of two uses at once only one succeeds. */
export async function useRefreshToken(
  db: Queryable,
  hash: string,
): Promise<{ readonly family: string; readonly user_id: string } | undefined> {
  const { rows } = await db.raw<{ rows: { family: string; user_id: string }[] }>(
    `UPDATE refresh_tokens SET used_at = now()
      WHERE hash = ? AND used_at IS NULL AND expires_at > now() RETURNING family, user_id`,
    [hash],
  );
  return rows[0];
}

/** Ends every token that descends from the same log-in. */
export async function endFamilyOf(db: Queryable, hash: string): Promise<void> {
  await db.raw(
    'DELETE FROM refresh_tokens WHERE family = (SELECT family FROM refresh_tokens WHERE hash = ?)',
    [hash],
  );
}

const PURGE_BATCH = 5_000;

export async function purgeRefreshTokens(db: Queryable): Promise<void> {
  await db.raw(
    `DELETE FROM refresh_tokens WHERE ctid IN (
       SELECT ctid FROM refresh_tokens WHERE expires_at < now() LIMIT ?)`,
    [PURGE_BATCH],
  );
}

export async function insertApiKey(
  db: Queryable,
  key: Pick<ApiKeyRow, 'id' | 'account' | 'name' | 'hash' | 'scopes'>,
): Promise<ApiKeyRow> {
  return ApiKeyRow.query(db).insert(key).returning('*');
}

const API_KEYS_LISTED_MAX = 500;

export async function apiKeysOf(db: Queryable, account: AccountId | null): Promise<ApiKeyRow[]> {
  const query = ApiKeyRow.query(db).orderBy('id').limit(API_KEYS_LISTED_MAX);
  return account === null ? query : query.where({ account });
}

export async function liveApiKey(db: Queryable, hash: string): Promise<ApiKeyRow | undefined> {
  return ApiKeyRow.query(db).findOne({ hash }).whereNull('revoked_at');
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
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
