/** People who work for one account: a vendor's, or the operator's. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type {
  MemberChange,
  MemberInvite,
  MemberList,
  MemberQuery,
} from '../../contracts/api/people.ts';
import type { MemberRole, User } from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { uniqueViolation } from '../../platform/database-errors.ts';
import { idempotent } from '../../platform/idempotency.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { Call } from '../../platform/service.ts';
import { endSessions } from './ending.ts';
import { forget, requireLiveSession } from './profile.ts';
import * as queries from './queries.ts';
import { foldEmail, type UsersDeps } from './sessions.ts';

/** The caller, as what it is now: a token may tell of a role that was taken away since. */
async function requireMember(
  deps: UsersDeps,
  call: Call,
  ...allowed: readonly MemberRole[]
): Promise<queries.UserRow> {
  const user = await requireLiveSession(deps, call);
  if (user.member === null || !allowed.includes(user.member)) {
    throw new WaggleError('auth.forbidden');
  }
  return user;
}

/** Makes somebody a member who has no password yet, and sends them a token to set one. */
export async function invite(deps: UsersDeps, params: MemberInvite, call: Call): Promise<User> {
  const owner = await requireMember(deps, call, 'owner');
  const email = foldEmail(params.email);
  const request = { owner: owner.id, key: call.idempotencyKey, request: ['invite', params] };
  try {
    const { answer } = await idempotent(deps.database, request, async (trx) => {
      const user = await queries.insertUser(trx, {
        id: newId('user'),
        account: owner.account,
        role: owner.role,
        member: params.member,
        email,
        password_hash: '',
        name: params.name,
        phone: null,
        driver: null,
      });
      await deps.messenger.send(trx, [
        {
          user: user.id,
          template: 'invitation',
          recipient: email,
          correlation: call.correlationId,
        },
      ]);
      return queries.userView(user);
    });
    return answer;
  } catch (error) {
    if (uniqueViolation(error) !== undefined) {
      throw new WaggleError('resource.conflict', 'this e-mail address is registered already');
    }
    throw error;
  }
}

export async function list(deps: UsersDeps, params: MemberQuery, call: Call): Promise<MemberList> {
  const caller = await requireMember(deps, call, 'owner', 'manager');
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const rows = await queries.membersOf(deps.database.knex, caller, { after, limit: limit + 1 });
  const page = pageOf(rows, limit);
  return { items: page.rows.map(queries.userView), next: page.next };
}

export async function change(deps: UsersDeps, params: MemberChange, call: Call): Promise<User> {
  const owner = await requireMember(deps, call, 'owner');
  return deps.database.transaction(async (trx) => {
    const others = await queries.lockMembers(trx, owner.account, owner.role, params.id);
    if (params.member !== 'owner' && !others.some(({ member }) => member === 'owner')) {
      throw new WaggleError('resource.conflict', 'an account needs an owner');
    }
    const row = await queries.setMember(trx, owner, params.id, params.member);
    if (row === undefined) throw new WaggleError('resource.not_found');
    // Their tokens say what they were; the next log-in says what they are.
    await endSessions(trx, row.id, call.correlationId);
    return queries.userView(row);
  });
}

export async function remove(deps: UsersDeps, id: string, call: Call): Promise<void> {
  const owner = await requireMember(deps, call, 'owner');
  await deps.database.transaction(async (trx) => {
    const user = await queries.memberById(trx, owner, id);
    if (user === undefined) throw new WaggleError('resource.not_found');
    await forget(trx, user, call.correlationId);
  });
}
