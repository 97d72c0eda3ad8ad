/** Registration, log-in, refresh: who gets which tokens. */
import { OPERATOR_ACCOUNT } from '../../contracts/api/accounts.ts';
import type {
  Login,
  MemberRole,
  Refresh,
  Register,
  Role,
  Session,
  Tokens,
  User,
  ViewLink,
} from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import {
  type AccountId,
  type DriverId,
  newId,
  type SessionId,
  type UserId,
} from '../../contracts/ids.ts';
import { hashSecret, newSecret } from '../../platform/auth/secrets.ts';
import type { DriverClaims, Tokens as TokenSigner } from '../../platform/auth/tokens.ts';
import type { Database } from '../../platform/database.ts';
import { uniqueViolation } from '../../platform/database-errors.ts';
import type { Limits } from '../../platform/limits.ts';
import { type Call, requireSystem, requireUser } from '../../platform/service.ts';
import { endSessionOf } from './ending.ts';
import { guarded, signUps } from './limits.ts';
import type { Messenger } from './messenger.ts';
import type { Passwords } from './passwords.ts';
import * as queries from './queries.ts';

export interface UsersDeps {
  readonly database: Database;
  readonly signer: TokenSigner;
  readonly limits: Limits;
  readonly messenger: Messenger;
  readonly passwords: Passwords;
  readonly accessTokenMs: number;
  readonly refreshTokenMs: number;
  /** How the pages are reached from outside. */
  readonly publicUrl: string;
  readonly signUpsPerMinute: number;
  /** Key of the hashes of short codes; not in the database. */
  readonly pepper: string;
  /** Somebody asked for a new password. */
  readonly wakeResets: () => void;
}

/** What the drivers service hands over when a driver registers. */
export interface Enrol {
  readonly id: UserId;
  readonly driver: DriverId;
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly phone?: string;
}

export const ENROL = {
  type: 'object',
  required: ['id', 'driver', 'email', 'password', 'name'],
  properties: {
    id: { type: 'string' },
    driver: { type: 'string' },
    email: { type: 'string' },
    password: { type: 'string' },
    name: { type: 'string' },
    phone: { type: 'string' },
  },
} as const;

interface NewPerson {
  readonly id: UserId;
  readonly role: Role;
  readonly member?: MemberRole;
  readonly account: AccountId;
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly phone?: string | undefined;
  readonly driver?: DriverId | undefined;
}

type CreateDeps = Pick<UsersDeps, 'database' | 'passwords'>;

/** E-mail addresses differ in case only by accident. */
export function foldEmail(email: string): string {
  return email.trim().toLowerCase();
}

async function createUser(deps: CreateDeps, person: NewPerson): Promise<queries.UserRow> {
  const passwordHash = await deps.passwords.hash(person.password);
  try {
    return await queries.insertUser(deps.database.knex, {
      id: person.id,
      account: person.account,
      role: person.role,
      member: person.member ?? null,
      email: foldEmail(person.email),
      password_hash: passwordHash,
      name: person.name,
      phone: person.phone ?? null,
      driver: person.driver ?? null,
    });
  } catch (error) {
    if (uniqueViolation(error) !== undefined) {
      throw new WaggleError('resource.conflict', 'this e-mail address is registered already');
    }
    throw error;
  }
}

/** Hashing passwords is dear, and so is an army of accounts. */
async function limitSignUps(deps: UsersDeps, call: Call): Promise<void> {
  if (call.address === undefined) return;
  await deps.limits.take(signUps(deps.signUpsPerMinute), call.address);
}

/** Registers a customer, or a vendor with an account of its own. */
export async function register(deps: UsersDeps, params: Register, call: Call): Promise<Session> {
  await limitSignUps(deps, call);
  const isVendor = params.role === 'vendor';
  const account = isVendor ? newId('account') : OPERATOR_ACCOUNT;
  // First, so that there is never a vendor without its account; one without a vendor harms nobody.
  if (isVendor) await queries.insertAccount(deps.database.knex, account, params.name);
  const user = await createUser(deps, {
    id: newId('user'),
    role: isVendor ? 'vendor' : 'customer',
    ...(isVendor ? { member: 'owner' } : {}),
    account,
    email: params.email,
    password: params.password,
    name: params.name,
    phone: params.phone,
  });
  return { user: queries.userView(user), tokens: await firstTokens(deps, user, call) };
}

/** Makes the log-in of a driver; only the drivers service may. */
export async function enrol(deps: UsersDeps, params: Enrol, call: Call): Promise<Session> {
  requireSystem(call);
  await limitSignUps(deps, call);
  const user = await createUser(deps, {
    ...params,
    role: 'driver',
    account: OPERATOR_ACCOUNT,
  });
  return { user: queries.userView(user), tokens: await firstTokens(deps, user, call) };
}

/** Checks the password; every failure looks the same from outside. */
export async function login(deps: UsersDeps, params: Login, call: Call): Promise<Session> {
  const email = foldEmail(params.email);
  const user = await queries.userByEmail(deps.database.knex, email);
  const fits = await guarded(deps.limits, { whose: email, from: call.address }, () =>
    deps.passwords.fits(user?.password_hash, params.password),
  );
  if (!fits || user === undefined) {
    throw new WaggleError('auth.invalid', 'e-mail address or password is wrong');
  }
  return { user: queries.userView(user), tokens: await firstTokens(deps, user, call) };
}

/**
 * Trades a refresh token for new tokens, with claims as they are now. A token used twice means that
 * somebody else has it: the whole family ends.
 */
export async function refresh(deps: UsersDeps, params: Refresh, call: Call): Promise<Tokens> {
  const { knex } = deps.database;
  const hash = hashSecret(params.refreshToken);
  const used = await queries.useRefreshToken(knex, hash);
  if (used === undefined) {
    await endSessionOf(deps.database, hash, call.correlationId);
    throw new WaggleError('auth.invalid', 'the refresh token is not valid any more');
  }
  const user = await queries.userById(knex, used.user_id);
  if (user === undefined) throw new WaggleError('auth.invalid');
  return issue(deps, user, used.family as SessionId, call);
}

export async function logout(deps: UsersDeps, params: Refresh, call: Call): Promise<void> {
  await endSessionOf(deps.database, hashSecret(params.refreshToken), call.correlationId);
}

export async function me(deps: UsersDeps, call: Call): Promise<User> {
  const user = await queries.userById(deps.database.knex, requireUser(call).sub);
  if (user === undefined) throw new WaggleError('auth.invalid');
  return queries.userView(user);
}

function firstTokens(deps: UsersDeps, user: queries.UserRow, call: Call): Promise<Tokens> {
  return issue(deps, user, newId('session'), call);
}

async function issue(
  deps: UsersDeps,
  user: queries.UserRow,
  family: SessionId,
  call: Call,
): Promise<Tokens> {
  const driver =
    user.driver === null
      ? undefined
      : await call.call<DriverClaims>('drivers.claims', { id: user.driver }, { kind: 'system' });
  const accessToken = await deps.signer.signAccess({
    sub: user.id,
    role: user.role,
    account: user.account,
    session: family,
    ...(user.member === null ? {} : { member: user.member }),
    ...(driver === undefined ? {} : { driver }),
  });
  const refreshToken = newSecret();
  await queries.insertRefreshToken(deps.database.knex, {
    hash: hashSecret(refreshToken),
    family,
    userId: user.id,
    ttlMs: deps.refreshTokenMs,
  });
  return {
    accessToken,
    refreshToken,
    expiresInSeconds: Math.round(deps.accessTokenMs / 1000),
  };
}

/** Wall ms: a link that is passed around should not outlive the shift it was made in. */
const VIEW_LINK_MS = 12 * 3_600_000;

/** A link to the live page that can watch and nothing else. */
export async function viewLink(deps: UsersDeps, call: Call): Promise<ViewLink> {
  const operator = requireUser(call);
  const token = await deps.signer.signView(operator.sub, operator.account, VIEW_LINK_MS);
  const expiresInSeconds = VIEW_LINK_MS / 1000;
  return { url: `${deps.publicUrl}/#token=${token}`, token, expiresInSeconds };
}

/** Makes the first operator when it does not exist yet. */
export async function ensureOperator(
  deps: CreateDeps,
  operator: { readonly email: string; readonly password: string },
): Promise<void> {
  const { database } = deps;
  await queries.insertAccount(database.knex, OPERATOR_ACCOUNT, 'Operator');
  if ((await queries.userByEmail(database.knex, foldEmail(operator.email))) !== undefined) return;
  try {
    await createUser(deps, {
      id: newId('user'),
      role: 'ops',
      member: 'owner',
      account: OPERATOR_ACCOUNT,
      email: operator.email,
      password: operator.password,
      name: 'Operator',
    });
  } catch (error) {
    // Another process made it between the look and the write.
    if (!(error instanceof WaggleError) || error.code !== 'resource.conflict') throw error;
  }
}
