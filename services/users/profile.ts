/** What a person changes about themselves, and how they leave. */
import type { AccountDeletion, MeChange, PasswordChange } from '../../contracts/api/people.ts';
import type { User } from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { UserId } from '../../contracts/ids.ts';
import { USER_STREAM, type UserDeleted } from '../../contracts/messages/users.ts';
import type { Transaction } from '../../platform/database.ts';
import { uniqueViolation } from '../../platform/database-errors.ts';
import { enqueue } from '../../platform/outbox.ts';
import { type Call, requireUser } from '../../platform/service.ts';
import { endSessions } from './ending.ts';
import { revokeKeysOf } from './key-queries.ts';
import { guarded } from './limits.ts';
import * as queries from './queries.ts';
import { foldEmail, type UsersDeps } from './sessions.ts';

/**
 * The caller, if the session of its token has not ended: the API hears of an end a moment later, and
 * what is sensitive must not wait for that. Throws `auth.invalid`.
 */
export async function requireLiveSession(
  { database }: Pick<UsersDeps, 'database'>,
  call: Call,
): Promise<queries.UserRow> {
  const { sub, session } = requireUser(call);
  const user =
    session === undefined
      ? undefined
      : await queries.userOfSession(database.knex, { user: sub, session });
  if (user === undefined) throw new WaggleError('auth.invalid', 'the session has ended: log in');
  return user;
}

/** Throws `request.invalid` naming the field when the password is wrong. */
async function requirePassword(
  deps: UsersDeps,
  user: queries.UserRow,
  given: { readonly password: string | undefined; readonly field: string },
  call: Call,
): Promise<void> {
  const { password, field } = given;
  const fits =
    password !== undefined &&
    (await guarded(deps.limits, { whose: user.id, from: call.address }, () =>
      deps.passwords.fits(user.password_hash, password),
    ));
  if (!fits) {
    throw new WaggleError('request.invalid', undefined, [
      { field, expected: 'the current password' },
    ]);
  }
}

export async function changeMe(deps: UsersDeps, params: MeChange, call: Call): Promise<User> {
  const user = await requireLiveSession(deps, call);
  const email = params.email === undefined ? user.email : foldEmail(params.email);
  const phone = params.phone === undefined ? user.phone : params.phone;
  const isNewEmail = email !== user.email;
  if (isNewEmail) {
    const given = { password: params.currentPassword, field: '/currentPassword' };
    await requirePassword(deps, user, given, call);
  }
  try {
    const row = await deps.database.transaction(async (trx) => {
      if (isNewEmail) {
        await deps.messenger.send(trx, [
          {
            user: user.id,
            template: 'email_changed',
            recipient: user.email,
            correlation: call.correlationId,
          },
        ]);
      }
      return queries.updateProfile(trx, user.id, {
        name: params.name ?? user.name,
        email,
        phone,
        ...(isNewEmail ? { email_verified_at: null } : {}),
        ...(phone === user.phone ? {} : { phone_verified_at: null }),
      });
    });
    return queries.userView(row);
  } catch (error) {
    if (uniqueViolation(error) !== undefined) {
      throw new WaggleError('resource.conflict', 'this e-mail address is registered already');
    }
    throw error;
  }
}

/** Ends every other session: whoever knew the old password is out. */
export async function changePassword(
  deps: UsersDeps,
  params: PasswordChange,
  call: Call,
): Promise<void> {
  const user = await requireLiveSession(deps, call);
  const given = { password: params.currentPassword, field: '/currentPassword' };
  await requirePassword(deps, user, given, call);
  const passwordHash = await deps.passwords.hash(params.newPassword);
  await deps.database.transaction(async (trx) => {
    await queries.setPassword(trx, user.id, passwordHash);
    await endSessions(trx, user.id, call.correlationId, requireUser(call).session);
    await deps.messenger.send(trx, [
      {
        user: user.id,
        template: 'password_changed',
        recipient: user.email,
        correlation: call.correlationId,
      },
    ]);
  });
}

export async function logoutEverywhere(deps: UsersDeps, call: Call): Promise<void> {
  const user = requireUser(call).sub as UserId;
  await deps.database.transaction((trx) => endSessions(trx, user, call.correlationId));
}

export async function deleteMe(
  deps: UsersDeps,
  params: AccountDeletion,
  call: Call,
): Promise<void> {
  const user = await requireLiveSession(deps, call);
  await requirePassword(deps, user, { password: params.password, field: '/password' }, call);
  await deps.database.transaction((trx) => forget(trx, user, call.correlationId));
}

/**
 * Erases a person: what names them goes, the id stays and stands for nobody. Others hear it by
 * `user.deleted`. Throws `resource.conflict` for the last owner of an account with other members.
 */
export async function forget(
  trx: Transaction,
  user: queries.UserRow,
  correlation: string,
): Promise<void> {
  if (user.member !== null) await leaveAccount(trx, user);
  await endSessions(trx, user.id, correlation);
  await queries.eraseUser(trx, user);
  const event: UserDeleted = {
    type: 'user.deleted',
    user: user.id,
    role: user.role,
    account: user.account,
    driver: user.driver,
    atMs: Date.now(),
  };
  await enqueue(trx, [{ key: user.id, topic: USER_STREAM, payload: event, correlation }]);
}

async function leaveAccount(trx: Transaction, user: queries.UserRow): Promise<void> {
  const others = await queries.lockMembers(trx, user.account, user.role, user.id);
  if (others.length === 0) {
    // Nobody is left who could answer for what its programs do.
    if (user.role === 'ops') {
      throw new WaggleError('resource.conflict', 'the last operator cannot leave');
    }
    await revokeKeysOf(trx, user.account);
    await queries.eraseAccountName(trx, user.account);
  } else if (!others.some(({ member }) => member === 'owner')) {
    throw new WaggleError('resource.conflict', 'make another member the owner first');
  }
}
