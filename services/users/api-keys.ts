/** Keys for programs of an account: scoped, hashed, revocable. */
import {
  type ApiKeyCreate,
  type ApiKeyCreated,
  type ApiKeyList,
  type ApiKeyRotate,
  ROTATION_GRACE_DEFAULT_SECONDS,
} from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type AccountId, newId } from '../../contracts/ids.ts';
import { API_KEY_PREFIX, hashSecret, newSecret } from '../../platform/auth/secrets.ts';
import type { Database } from '../../platform/database.ts';
import { type Call, type Caller, requireSystem } from '../../platform/service.ts';
import { parseTime } from '../../platform/times.ts';
import * as queries from './key-queries.ts';
import { requireLiveSession } from './profile.ts';
import { accountExists } from './queries.ts';

/** Whoever may touch keys, and of which account; null: of all. Never by a session that has ended. */
async function reach(
  database: Database,
  call: Call,
): Promise<{ own: AccountId; of: AccountId | null }> {
  const user = await requireLiveSession({ database }, call);
  if (user.member === 'staff') throw new WaggleError('auth.forbidden');
  return { own: user.account, of: user.role === 'ops' ? null : user.account };
}

export async function createApiKey(
  database: Database,
  params: ApiKeyCreate,
  call: Call,
): Promise<ApiKeyCreated> {
  const { own, of } = await reach(database, call);
  const account = params.account ?? own;
  if (of !== null && account !== of) throw new WaggleError('auth.forbidden');
  if (of === null && !(await accountExists(database.knex, account))) {
    throw invalid('/account', 'an account of this installation');
  }
  const expiresMs =
    params.expiresAt === undefined ? undefined : parseTime(params.expiresAt, '/expiresAt');
  if (expiresMs !== undefined && expiresMs <= Date.now()) {
    throw invalid('/expiresAt', 'a time to come');
  }
  const secret = newSecret(API_KEY_PREFIX);
  const row = await queries.insertApiKey(database.knex, {
    id: newId('apiKey'),
    account,
    name: params.name,
    hash: hashSecret(secret),
    scopes: [...params.scopes],
    expires_at: expiresMs === undefined ? null : new Date(expiresMs),
  });
  return { key: queries.apiKeyView(row), secret };
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}

/** A new secret for the same key; the old one goes on working for a while. */
export async function rotateApiKey(
  database: Database,
  params: ApiKeyRotate,
  call: Call,
): Promise<ApiKeyCreated> {
  const { of } = await reach(database, call);
  const secret = newSecret(API_KEY_PREFIX);
  const row = await queries.rotateApiKey(
    database.knex,
    { id: params.id, account: of },
    {
      hash: hashSecret(secret),
      graceSeconds: params.graceSeconds ?? ROTATION_GRACE_DEFAULT_SECONDS,
    },
  );
  if (row === undefined) throw new WaggleError('resource.not_found');
  return { key: queries.apiKeyView(row), secret };
}

export async function listApiKeys(database: Database, call: Call): Promise<ApiKeyList> {
  const { of } = await reach(database, call);
  const rows = await queries.apiKeysOf(database.knex, of);
  return { items: rows.map(queries.apiKeyView) };
}

export async function revokeApiKey(database: Database, id: string, call: Call): Promise<void> {
  const { of } = await reach(database, call);
  if (!(await queries.revokeApiKey(database.knex, id, of))) {
    throw new WaggleError('resource.not_found');
  }
}

export const API_KEY_SECRET = {
  type: 'object',
  required: ['secret'],
  properties: { secret: { type: 'string', maxLength: 200 } },
} as const;

/** Who a key stands for; only the api asks. Throws `auth.invalid`. */
export async function verifyApiKey(
  database: Database,
  params: { readonly secret: string },
  call: Call,
): Promise<Caller> {
  requireSystem(call);
  const row = await queries.liveApiKey(database.knex, hashSecret(params.secret));
  if (row === undefined) throw new WaggleError('auth.invalid');
  await queries.touchApiKey(database.knex, row);
  return { kind: 'api_key', sub: row.id, account: row.account, scopes: row.scopes };
}
