/**
 * What is proved by something sent: a new password by a token, an address or a number by a code.
 * Whether an e-mail address is known cannot be told from any answer here, nor from how long it takes.
 */
import { timingSafeEqual } from 'node:crypto';
import type {
  PasswordForgotten,
  PasswordReset,
  VerificationConfirm,
  VerificationStart,
} from '../../contracts/api/people.ts';
import type { User } from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { MessageContent, MessageTemplate } from '../../contracts/messages/notifications.ts';
import { hashSecret } from '../../platform/auth/secrets.ts';
import { type Call, requireSystem, requireUser } from '../../platform/service.ts';
import { endSessions } from './ending.ts';
import * as limits from './limits.ts';
import * as messages from './message-queries.ts';
import { hashCode, makeSecret } from './messenger.ts';
import * as queries from './queries.ts';
import { foldEmail, type UsersDeps } from './sessions.ts';

/** Notes who asked; `sendResets` finds out afterwards whether there is such a person. */
export async function forgotten(
  deps: UsersDeps,
  params: PasswordForgotten,
  call: Call,
): Promise<void> {
  const email = foldEmail(params.email);
  if (call.address !== undefined) await deps.limits.take(limits.RESETS_FROM, call.address);
  await deps.limits.take(limits.RESETS, email);
  await messages.insertResetRequest(deps.database.knex, email, call.correlationId);
  deps.wakeResets();
}

const RESETS_AT_ONCE = 100;

/** Turns noted requests into messages to those who exist; true when there may be more. */
export async function sendResets({ database, messenger }: UsersDeps): Promise<boolean> {
  return database.transaction(async (trx) => {
    const { taken, known } = await messages.takeResetRequests(trx, RESETS_AT_ONCE);
    await messenger.send(
      trx,
      known.map(({ user, email, correlation }) => ({
        user,
        template: 'password_reset',
        recipient: email,
        ...(correlation === null ? {} : { correlation }),
      })),
    );
    return taken >= RESETS_AT_ONCE;
  });
}

/** Sets a password with a token that was sent, and ends every session. */
export async function resetPassword(
  deps: UsersDeps,
  params: PasswordReset,
  call: Call,
): Promise<void> {
  if (call.address !== undefined) await deps.limits.take(limits.TOKENS_FROM, call.address);
  const { knex } = deps.database;
  const hash = hashSecret(params.token);
  // Hashing is dear: it is not done for tokens that nobody was given.
  if (!(await messages.tokenIsLive(knex, hash))) throw badToken();
  const passwordHash = await deps.passwords.hash(params.password);
  await deps.database.transaction(async (trx) => {
    const used = await messages.useToken(trx, hash);
    if (used === undefined) throw badToken();
    await queries.setPassword(trx, used.user_id, passwordHash);
    // Whoever has the token reads the mail of that address.
    await queries.setVerified(trx, used.user_id, 'email', used.recipient);
    await endSessions(trx, used.user_id, call.correlationId);
  });
}

function badToken(): WaggleError {
  return new WaggleError('request.invalid', 'the token was used, replaced, or is too old', [
    { field: '/token', expected: 'the token that was sent last' },
  ]);
}

const TEMPLATE_OF = {
  email: 'email_verification',
  phone: 'phone_verification',
} as const satisfies Record<VerificationStart['channel'], MessageTemplate>;

export async function startVerification(
  deps: UsersDeps,
  { channel }: VerificationStart,
  call: Call,
): Promise<void> {
  const user = await queries.userById(deps.database.knex, requireUser(call).sub);
  if (user === undefined) throw new WaggleError('auth.invalid');
  const recipient = channel === 'email' ? user.email : user.phone;
  if (recipient === null) {
    throw new WaggleError('request.invalid', 'there is no phone number in the profile', [
      { field: '/channel', expected: 'email, or a profile with a phone number' },
    ]);
  }
  await deps.limits.take(limits.CODES, `${user.id} ${channel}`);
  await deps.database.transaction((trx) =>
    deps.messenger.send(trx, [
      {
        user: user.id,
        template: TEMPLATE_OF[channel],
        recipient,
        correlation: call.correlationId,
      },
    ]),
  );
}

/** A code counts for the address or number it was sent to, not for one that was set since. */
export async function confirmVerification(
  deps: UsersDeps,
  { channel, code }: VerificationConfirm,
  call: Call,
): Promise<User> {
  const user = requireUser(call).sub;
  await deps.limits.take(limits.CODES_TRIED, user);
  const tried = await messages.tryCode(deps.database.knex, user, TEMPLATE_OF[channel]);
  const given = tried === undefined ? '' : hashCode(code, tried.id, deps.pepper);
  if (tried === undefined || !sameText(given, tried.hash)) throw badCode();
  const verified = await deps.database.transaction(async (trx) => {
    if (!(await messages.deleteMessage(trx, tried.id))) return undefined;
    return queries.setVerified(trx, user, channel, tried.recipient);
  });
  if (verified === undefined) throw badCode();
  return queries.userView(verified);
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function badCode(): WaggleError {
  return new WaggleError('request.invalid', 'the code is wrong, used, or too old', [
    { field: '/code', expected: 'the code that was sent last' },
  ]);
}

/** What a message says, for whoever carries it out; makes its secret anew each time. */
export async function messageContent(
  deps: UsersDeps,
  { id }: { readonly id: string },
  call: Call,
): Promise<MessageContent> {
  requireSystem(call);
  const { knex } = deps.database;
  const row = await messages.liveMessage(knex, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  const { secret, hash } = makeSecret(row.template, row.id, deps.pepper);
  await messages.setSecret(knex, row.id, hash);
  return {
    message: row.id,
    template: row.template,
    channel: row.channel,
    to: row.recipient,
    name: row.name,
    secret,
    expiresMs: row.expires_at.getTime(),
  };
}
