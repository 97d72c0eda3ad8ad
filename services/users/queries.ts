/** What the users service asks of its tables; nothing else reads or writes them. */
import { Model } from 'objection';
import type { MemberRole, Role, User } from '../../contracts/api/users.ts';
import type { AccountId, DriverId, SessionId, UserId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';

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
  /** Null for customers and drivers, who belong to no account's staff. */
  declare member: MemberRole | null;
  declare email_verified_at: Date | null;
  declare phone_verified_at: Date | null;
  declare deleted_at: Date | null;
}

export type NewUser = Pick<
  UserRow,
  'id' | 'account' | 'role' | 'member' | 'email' | 'password_hash' | 'name' | 'phone' | 'driver'
>;

export async function insertUser(db: Queryable, user: NewUser): Promise<UserRow> {
  return UserRow.query(db).insert(user).returning('*');
}

export async function userByEmail(db: Queryable, email: string): Promise<UserRow | undefined> {
  return UserRow.query(db).findOne({ email }).whereNull('deleted_at');
}

export async function userById(db: Queryable, id: string): Promise<UserRow | undefined> {
  return UserRow.query(db).findById(id).whereNull('deleted_at');
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
    member: row.member,
    account: row.account,
    email: row.email,
    emailVerified: row.email_verified_at !== null,
    name: row.name,
    phone: row.phone,
    phoneVerified: row.phone_verified_at !== null,
    driver: row.driver,
    createdAt: row.created_at.toISOString(),
  };
}

/** A member of the same staff: account and role of whoever asks. */
type Staff = Pick<UserRow, 'account' | 'role'>;

export async function membersOf(
  db: Queryable,
  { account, role }: Staff,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<UserRow[]> {
  const query = UserRow.query(db)
    .where({ account, role })
    .whereNotNull('member')
    .whereNull('deleted_at')
    .orderBy('id')
    .limit(page.limit);
  return page.after === undefined ? query : query.where('id', '>', page.after);
}

export async function memberById(
  db: Queryable,
  { account, role }: Staff,
  id: string,
): Promise<UserRow | undefined> {
  return UserRow.query(db)
    .findOne({ id, account, role })
    .whereNotNull('member')
    .whereNull('deleted_at');
}

/** The other members; nobody joins, leaves or changes until the transaction ends. */
export async function lockMembers(
  trx: Transaction,
  account: AccountId,
  role: Role,
  except: string,
): Promise<readonly Pick<UserRow, 'id' | 'member'>[]> {
  await trx.raw('SELECT 1 FROM accounts WHERE id = ? FOR UPDATE', [account]);
  return UserRow.query(trx)
    .select('id', 'member')
    .where({ account, role })
    .whereNotNull('member')
    .whereNull('deleted_at')
    .whereNot({ id: except });
}

export async function setMember(
  trx: Transaction,
  { account, role }: Staff,
  id: string,
  member: MemberRole,
): Promise<UserRow | undefined> {
  const [row] = await UserRow.query(trx)
    .where({ id, account, role })
    .whereNotNull('member')
    .whereNull('deleted_at')
    .patch({ member })
    .returning('*');
  return row;
}

type Profile = Pick<UserRow, 'name' | 'email' | 'phone'> &
  Partial<Pick<UserRow, 'email_verified_at' | 'phone_verified_at'>>;

/** The account of a vendor whose last member has gone bears their name, too. */
export async function eraseAccountName(trx: Transaction, account: AccountId): Promise<void> {
  await trx('accounts').where({ id: account }).update({ name: 'Deleted' });
}

/** The user must exist. */
export async function updateProfile(db: Queryable, id: string, profile: Profile): Promise<UserRow> {
  const [row] = await UserRow.query(db).where({ id }).patch(profile).returning('*');
  if (row === undefined) throw new Error(`there is no user ${id}`);
  return row;
}

export async function setPassword(db: Queryable, id: string, passwordHash: string): Promise<void> {
  await UserRow.query(db).where({ id }).patch({ password_hash: passwordHash });
}

/** Undefined when the address or number is not what was proved any more. */
export async function setVerified(
  db: Queryable,
  id: string,
  channel: 'email' | 'phone',
  value: string,
): Promise<UserRow | undefined> {
  const [row] = await UserRow.query(db)
    .where({ id, [channel]: value })
    .patch({ [`${channel}_verified_at`]: new Date() })
    .returning('*');
  return row;
}

/** Leaves the id, which orders and deliveries name, and nothing that names a person. */
export async function eraseUser(trx: Transaction, user: UserRow): Promise<void> {
  for (const table of ['addresses', 'messages', 'refresh_tokens']) {
    await trx(table).where({ user_id: user.id }).delete();
  }
  await trx('reset_requests').where({ email: user.email }).delete();
  await trx('idempotency').where({ owner: user.id }).delete();
  await UserRow.query(trx)
    .where({ id: user.id })
    .patch({
      email: `${user.id}@deleted.invalid`,
      password_hash: '',
      name: 'Deleted',
      phone: null,
      email_verified_at: null,
      phone_verified_at: null,
      deleted_at: new Date(),
    });
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

/** Ends every token that descends from the same log-in; whose it was, if it had not ended before. */
export async function endFamilyOf(
  db: Queryable,
  hash: string,
): Promise<{ readonly user: UserId; readonly session: SessionId } | undefined> {
  const { rows } = await db.raw<{ rows: { user: UserId; session: SessionId }[] }>(
    `DELETE FROM refresh_tokens
      WHERE family = (SELECT family FROM refresh_tokens WHERE hash = ?)
      RETURNING user_id AS user, family AS session`,
    [hash],
  );
  return rows[0];
}

const PURGE_BATCH = 5_000;

export async function purgeRefreshTokens(db: Queryable): Promise<void> {
  await db.raw(
    `DELETE FROM refresh_tokens WHERE ctid IN (
       SELECT ctid FROM refresh_tokens WHERE expires_at < now() LIMIT ?)`,
    [PURGE_BATCH],
  );
}

/** Ends all sessions of a person, but the one that is named. */
export async function endSessionsOf(
  db: Queryable,
  user: string,
  except?: SessionId,
): Promise<void> {
  const query = db('refresh_tokens').where({ user_id: user });
  if (except !== undefined) query.whereNot({ family: except });
  await query.delete();
}

/** The person of a session that has not ended. */
export async function userOfSession(
  db: Queryable,
  { user, session }: { readonly user: string; readonly session: SessionId },
): Promise<UserRow | undefined> {
  return UserRow.query(db)
    .findById(user)
    .whereNull('deleted_at')
    .whereExists(
      db('refresh_tokens')
        .where({ family: session, user_id: user })
        .whereRaw('expires_at > now()')
        .select(db.raw('1')),
    );
}

const SESSIONS_LISTED_MAX = 500;

export async function sessionsOf(
  db: Queryable,
  user: string,
): Promise<
  readonly { readonly since: Date; readonly last_refresh_at: Date; readonly expires_at: Date }[]
> {
  return db('refresh_tokens')
    .where({ user_id: user })
    .groupBy('family')
    .orderBy('family')
    .limit(SESSIONS_LISTED_MAX)
    .select({
      since: db.raw('min(created_at)'),
      last_refresh_at: db.raw('max(created_at)'),
      expires_at: db.raw('max(expires_at)'),
    });
}
