/**
 * Everything that is known about a person, in one document. Other services are asked through their
 * ordinary reading actions as that person, so that the export can never show more than they may see.
 */
import type { AccountExport } from '../../contracts/api/people.ts';
import type { Role } from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type AccountExported, USER_STREAM } from '../../contracts/messages/users.ts';
import { enqueue } from '../../platform/outbox.ts';
import type { Call } from '../../platform/service.ts';
import { addressesOf, addressView } from './address-queries.ts';
import { apiKeysOf, apiKeyView } from './key-queries.ts';
import * as limits from './limits.ts';
import { requireLiveSession } from './profile.ts';
import * as queries from './queries.ts';
import type { UsersDeps } from './sessions.ts';

interface Part {
  readonly name: string;
  readonly action: string;
  readonly roles: readonly Role[];
  /** A list with a cursor; otherwise one object. */
  readonly isList: boolean;
}

/** Where else something about a person lies. A service with such data adds its line. */
const PARTS: readonly Part[] = [
  { name: 'orders', action: 'orders.list', roles: ['customer'], isList: true },
  { name: 'driver', action: 'drivers.me', roles: ['driver'], isList: false },
  { name: 'papers', action: 'drivers.myStanding', roles: ['driver'], isList: false },
];

const PAGE = 200;
/** Pages of one part: 5,000 rows; what lies beyond is read through the lists themselves. */
const PAGES_MAX = 25;

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly next: string | null;
}

export async function exportMe(deps: UsersDeps, call: Call): Promise<AccountExport> {
  const user = await requireLiveSession(deps, call);
  await deps.limits.take(limits.EXPORTS, user.id);
  const { knex } = deps.database;
  const ownsKeys = user.role === 'vendor' && user.member === 'owner';
  const [addresses, sessions, apiKeys, elsewhere] = await Promise.all([
    addressesOf(knex, user.id),
    queries.sessionsOf(knex, user.id),
    ownsKeys ? apiKeysOf(knex, user.account) : [],
    collect(user.role, call),
  ]);
  const event: AccountExported = { type: 'account.exported', user: user.id, atMs: Date.now() };
  await deps.database.transaction((trx) =>
    enqueue(trx, [
      { key: user.id, topic: USER_STREAM, payload: event, correlation: call.correlationId },
    ]),
  );
  return {
    takenAt: new Date().toISOString(),
    user: queries.userView(user),
    addresses: addresses.map(addressView),
    sessions: sessions.map((session) => ({
      since: session.since.toISOString(),
      lastRefreshAt: session.last_refresh_at.toISOString(),
      expiresAt: session.expires_at.toISOString(),
    })),
    apiKeys: apiKeys.map(apiKeyView),
    ...elsewhere,
  };
}

async function collect(
  role: Role,
  call: Call,
): Promise<Pick<AccountExport, 'parts' | 'missing' | 'cut'>> {
  const parts: Record<string, Record<string, unknown>[]> = {};
  const missing: string[] = [];
  const cut: string[] = [];
  for (const part of PARTS.filter(({ roles }) => roles.includes(role))) {
    try {
      const { items, isCut } = await read(part, call);
      parts[part.name] = items;
      if (isCut) cut.push(part.name);
    } catch (error) {
      // A part that is away must not keep people from what is here.
      if (!(error instanceof WaggleError)) throw error;
      missing.push(part.name);
    }
  }
  return { parts, missing, cut };
}

async function read(
  { action, isList }: Part,
  call: Call,
): Promise<{ readonly items: Record<string, unknown>[]; readonly isCut: boolean }> {
  if (!isList) return { items: [await call.call(action, {})], isCut: false };
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const from: object = cursor === null ? {} : { cursor };
    const page: Page = await call.call<Page>(action, { limit: PAGE, ...from });
    items.push(...page.items);
    cursor = page.next;
    if (cursor === null) return { items, isCut: false };
  }
  return { items, isCut: true };
}
