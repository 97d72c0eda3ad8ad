/** Keys for programs of an account: scoped, hashed, revocable. */
import type { ApiKeyCreate, ApiKeyCreated, ApiKeyList } from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type AccountId, newId } from '../../contracts/ids.ts';
import { API_KEY_PREFIX, hashSecret, newSecret } from '../../platform/auth/secrets.ts';
import type { Database } from '../../platform/database.ts';
import { type Call, type Caller, requireSystem, requireUser } from '../../platform/service.ts';
import * as queries from './queries.ts';

/** Accounts whose keys the caller may touch; null: all. */
function reach(call: Call): AccountId | null {
  const user = requireUser(call);
  return user.role === 'ops' ? null : user.account;
}

export async function createApiKey(
  database: Database,
  params: ApiKeyCreate,
  call: Call,
): Promise<ApiKeyCreated> {
  const own = reach(call);
  if (own !== null && params.account !== undefined && params.account !== own) {
    throw new WaggleError('auth.forbidden');
  }
  const account = params.account ?? own ?? requireUser(call).account;
  if (own === null && !(await queries.accountExists(database.knex, account))) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/account', expected: 'an account of this installation' },
    ]);
  }
  const secret = newSecret(API_KEY_PREFIX);
  const row = await queries.insertApiKey(database.knex, {
    id: newId('apiKey'),
    account,
    name: params.name,
    hash: hashSecret(secret),
    scopes: [...params.scopes],
  });
  return { key: queries.apiKeyView(row), secret };
}

export async function listApiKeys(database: Database, call: Call): Promise<ApiKeyList> {
  const rows = await queries.apiKeysOf(database.knex, reach(call));
  return { items: rows.map(queries.apiKeyView) };
}

export async function revokeApiKey(database: Database, id: string, call: Call): Promise<void> {
  if (!(await queries.revokeApiKey(database.knex, id, reach(call)))) {
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
  return { kind: 'api_key', sub: row.id, account: row.account, scopes: row.scopes };
}
