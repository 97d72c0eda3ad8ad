/** Webhooks as their accounts see and change them, and what ops sees of all. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type * as schemas from '../../contracts/api/webhooks.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type AccountId, newId } from '../../contracts/ids.ts';
import { WEBHOOK_EVENTS } from '../../contracts/webhooks.ts';
import type { Database, Queryable } from '../../platform/database.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { SecretBox } from '../../platform/secret-box.ts';
import { type Call, type Caller, seesAll } from '../../platform/service.ts';
import { urlProblem } from './addresses.ts';
import { holdMessages } from './message-queries.ts';
import type { Poster } from './posting.ts';
import { placeOf } from './sealing.ts';
import { sendPing } from './sending.ts';
import { newSecret } from './signing.ts';
import * as queries from './webhook-queries.ts';

/** Webhooks one account may have. */
const PER_ACCOUNT_MAX = 16;

export interface WebhooksDeps {
  readonly database: Database;
  readonly poster: Poster;
  readonly box: SecretBox;
  /** http and private addresses are allowed. */
  readonly insecure: boolean;
}

/** The account a caller belongs to. Throws for those without one. */
function accountOf(caller: Caller): AccountId {
  if (caller.kind === 'user' || caller.kind === 'api_key') return caller.account;
  throw new WaggleError('auth.forbidden');
}

/** A webhook of the caller's account; a foreign one looks as if it did not exist. */
export async function find(db: Queryable, id: string, call: Call): Promise<queries.WebhookRow> {
  const row = await queries.webhookById(db, id);
  return checkOwn(row, call);
}

function checkOwn(row: queries.WebhookRow | undefined, { caller }: Call): queries.WebhookRow {
  const isOwn = row !== undefined && (seesAll(caller) || row.account === accountOf(caller));
  if (!isOwn) throw new WaggleError('resource.not_found');
  return row;
}

export async function create(
  deps: WebhooksDeps,
  params: schemas.WebhookCreate,
  call: Call,
): Promise<schemas.WebhookCreated> {
  const account = accountOf(call.caller);
  if (params.account !== undefined && !seesAll(call.caller) && params.account !== account) {
    throw new WaggleError('auth.forbidden');
  }
  checkUrl(deps, params.url);
  const id = newId('webhook');
  const secret = newSecret();
  const row: queries.NewWebhook = {
    id,
    account: (params.account as AccountId | undefined) ?? account,
    url: params.url,
    events: [...(params.events ?? WEBHOOK_EVENTS)],
    description: params.description ?? '',
    secret: deps.box.seal(secret, placeOf(id)),
  };
  await deps.database.transaction(async (trx) => {
    if (await queries.insertWebhook(trx, row, PER_ACCOUNT_MAX)) return;
    throw new WaggleError(
      'resource.conflict',
      `an account has ${PER_ACCOUNT_MAX} webhooks at most`,
    );
  });
  const made = await find(deps.database.knex, id, call);
  return { id, webhook: queries.webhookView(made), secret };
}

function checkUrl({ insecure }: WebhooksDeps, url: string): void {
  const expected = urlProblem(url, insecure);
  if (expected === undefined) return;
  throw new WaggleError('request.invalid', undefined, [{ field: '/url', expected }]);
}

export async function list(
  { database }: WebhooksDeps,
  params: schemas.WebhookQuery,
  call: Call,
): Promise<schemas.WebhookList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.WebhookFilter = {
    account: seesAll(call.caller) ? undefined : accountOf(call.caller),
    enabled: params.enabled,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listWebhooks(database.knex, filter, limit + 1), limit);
  return { items: page.rows.map(queries.webhookView), next: page.next };
}

export async function get(
  { database }: WebhooksDeps,
  id: string,
  call: Call,
): Promise<schemas.Webhook> {
  return queries.webhookView(await find(database.knex, id, call));
}

/** Changes what is given. Switched on again, it starts with a clean slate. */
export async function change(
  deps: WebhooksDeps,
  params: schemas.WebhookChange,
  call: Call,
): Promise<schemas.Webhook> {
  if (params.url !== undefined) checkUrl(deps, params.url);
  const row = await deps.database.transaction(async (trx) => {
    const found = checkOwn(await queries.lockWebhook(trx, params.id), call);
    const { url = found.url, events = found.events, description = found.description } = params;
    const enabled = params.enabled ?? found.enabled;
    if (!enabled && found.enabled) await holdMessages(trx, [found.id]);
    return queries.patchWebhook(trx, found.id, {
      ...{ url, events: [...events], description, enabled },
      ...(enabled && !found.enabled
        ? { disabled_reason: null, failures: 0, failing_since: null, rest_until: null }
        : {}),
      ...(!enabled && found.enabled ? { disabled_reason: switchedOffBy(call.caller) } : {}),
    });
  });
  return queries.webhookView(row);
}

function switchedOffBy(caller: Caller): string {
  const isOps = caller.kind === 'user' && caller.role === 'ops';
  return isOps ? 'switched off by ops' : 'switched off by its account';
}

export async function remove({ database }: WebhooksDeps, id: string, call: Call): Promise<void> {
  await find(database.knex, id, call);
  await queries.deleteWebhook(database.knex, id);
}

/** Gives a new secret; the last one is good until the overlap is over, one before it no more. */
export async function rotate(
  { database, box }: WebhooksDeps,
  params: schemas.WebhookRotate,
  call: Call,
): Promise<schemas.WebhookRotated> {
  const secret = newSecret();
  const until = new Date(Date.now() + (params.overlapSeconds ?? 0) * 1000);
  await database.transaction(async (trx) => {
    const found = checkOwn(await queries.lockWebhook(trx, params.id), call);
    const previous = { previous_secret: found.secret, previous_until: until };
    const sealed = box.seal(secret, placeOf(found.id));
    await queries.patchWebhook(trx, found.id, { secret: sealed, ...previous });
  });
  return { secret, previousValidUntil: until.toISOString() };
}

/** Sends a test event now, switched on or not, and writes the try down. */
export async function ping(
  { database, poster, box }: WebhooksDeps,
  id: string,
  call: Call,
): Promise<schemas.WebhookPinged> {
  const webhook = await find(database.knex, id, call);
  const { id: message, at, posted } = await sendPing({ poster, box }, webhook);
  const { outcome, status, durationMs, error, body } = posted;
  await database.knex('attempts').insert({
    ...{ id: newId('webhookAttempt'), webhook: webhook.id, message, delivery: null, number: null },
    ...{ at, outcome, status, duration_ms: durationMs, error, body },
  });
  return posted;
}
