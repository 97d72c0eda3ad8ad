/** What webhooks were told, every try, and having it sent again. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type * as schemas from '../../contracts/api/webhooks.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { Call } from '../../platform/service.ts';
import { parseTime } from '../../platform/times.ts';
import * as queries from './message-queries.ts';
import { GIVE_UP_MS } from './retrying.ts';
import type { WebhookRow } from './webhook-queries.ts';
import { find, type WebhooksDeps } from './webhooks.ts';

/** Messages that one request has sent again. */
const AGAIN_MAX = 10_000;

export async function messages(
  { database }: WebhooksDeps,
  params: schemas.WebhookMessageQuery,
  call: Call,
): Promise<schemas.WebhookMessageList> {
  const webhook = await find(database.knex, params.id, call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.MessageFilter = {
    webhook: webhook.id,
    state: params.state,
    delivery: params.delivery,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listMessages(database.knex, filter, limit + 1), limit);
  return { items: page.rows.map(queries.messageView), next: page.next };
}

export async function attempts(
  { database }: WebhooksDeps,
  params: schemas.WebhookAttemptQuery,
  call: Call,
): Promise<schemas.WebhookAttemptList> {
  const webhook = await find(database.knex, params.id, call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.AttemptFilter = {
    webhook: webhook.id,
    message: params.message,
    delivery: params.delivery,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listAttempts(database.knex, filter, limit + 1), limit);
  return {
    items: page.rows.map(({ webhook: _, duration_ms: durationMs, at, ...row }) => ({
      ...row,
      durationMs,
      at: at.toISOString(),
    })),
    next: page.next,
  };
}

/** Has everything since a time sent again. */
export async function redeliver(
  { database }: WebhooksDeps,
  params: schemas.WebhookRedeliver,
  call: Call,
): Promise<schemas.WebhookRedelivering> {
  const webhook = checkOn(await find(database.knex, params.id, call));
  const times = await database.transaction((trx) =>
    queries.sendAgain(trx, {
      webhook: webhook.id,
      since: new Date(parseTime(params.since, '/since')),
      undeliveredOnly: params.undeliveredOnly === true,
      countMax: AGAIN_MAX,
      giveUpMs: GIVE_UP_MS,
    }),
  );
  const until = times.at(-1)?.toISOString() ?? null;
  return { count: times.length, more: times.length === AGAIN_MAX, until };
}

/** Has one message sent again; one that waits already is tried at once. */
export async function redeliverOne(
  { database }: WebhooksDeps,
  params: schemas.WebhookMessageRef,
  call: Call,
): Promise<schemas.WebhookMessage> {
  const webhook = checkOn(await find(database.knex, params.id, call));
  const row = await database.transaction(async (trx) => {
    const { id: _, message } = params;
    const terms = { webhook: webhook.id, message, countMax: 1, giveUpMs: GIVE_UP_MS };
    await queries.sendAgain(trx, terms);
    return queries.messageOf(trx, webhook.id, message);
  });
  if (row === undefined) throw new WaggleError('resource.not_found');
  return queries.messageView(row);
}

function checkOn(webhook: WebhookRow): WebhookRow {
  if (webhook.enabled) return webhook;
  throw new WaggleError('resource.conflict', 'the webhook is switched off; switch it on first');
}
