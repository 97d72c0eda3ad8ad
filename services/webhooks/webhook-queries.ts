/** What is asked of the table of webhooks. */
import type { Webhook } from '../../contracts/api/webhooks.ts';
import type { AccountId, WebhookId } from '../../contracts/ids.ts';
import type { WebhookEventType } from '../../contracts/webhooks.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import type { Listener } from './numbering.ts';

export interface WebhookRow {
  readonly id: WebhookId;
  readonly account: AccountId;
  readonly url: string;
  readonly events: WebhookEventType[];
  readonly description: string;
  readonly secret: string;
  readonly previous_secret: string | null;
  readonly previous_until: Date | null;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly failures: number;
  readonly failing_since: Date | null;
  readonly rest_until: Date | null;
  readonly created_at: Date;
}

export type NewWebhook = Pick<
  WebhookRow,
  'id' | 'account' | 'url' | 'events' | 'description' | 'secret'
>;

/** Webhooks of these accounts that hear of this kind of event, the disabled ones as well. */
export async function listenersOf(
  trx: Transaction,
  accounts: readonly string[],
  event: WebhookEventType,
): Promise<Listener[]> {
  return trx('webhooks')
    .select('id', 'account', 'enabled')
    .whereRaw('account = ANY(?) AND ? = ANY(events)', [[...accounts], event])
    .orderBy('id');
}

/** Writes a webhook unless its account has `countMax`; false: it has. */
export async function insertWebhook(
  trx: Transaction,
  row: NewWebhook,
  countMax: number,
): Promise<boolean> {
  await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [
    `webhooks ${row.account}`,
  ]);
  const [found] = await trx('webhooks').where({ account: row.account }).count('* AS count');
  if (Number(found?.count ?? 0) >= countMax) return false;
  await trx('webhooks').insert(row);
  return true;
}

export async function webhookById(db: Queryable, id: string): Promise<WebhookRow | undefined> {
  return db('webhooks').where({ id }).first();
}

export async function lockWebhook(trx: Transaction, id: string): Promise<WebhookRow | undefined> {
  return trx('webhooks').where({ id }).forUpdate().first();
}

export interface WebhookFilter {
  readonly account?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly before?: string | undefined;
}

/** Newest first. */
export async function listWebhooks(
  db: Queryable,
  filter: WebhookFilter,
  limit: number,
): Promise<WebhookRow[]> {
  const query = db('webhooks').orderBy('id', 'desc').limit(limit);
  if (filter.account !== undefined) query.where({ account: filter.account });
  if (filter.enabled !== undefined) query.where({ enabled: filter.enabled });
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

export async function patchWebhook(
  trx: Transaction,
  id: string,
  next: Partial<Omit<WebhookRow, 'id' | 'account' | 'created_at'>>,
): Promise<WebhookRow> {
  const [row] = await trx('webhooks').where({ id }).update(next).returning('*');
  return row as WebhookRow;
}

/** Takes the webhook away with all that was written for it. */
export async function deleteWebhook(db: Queryable, id: string): Promise<void> {
  await db('webhooks').where({ id }).delete();
}

/** Secrets that signatures are made with now: the newest first. */
export function secretsOf(
  row: Pick<WebhookRow, 'secret' | 'previous_secret' | 'previous_until'>,
  nowMs: number,
): string[] {
  const { secret, previous_secret: previous, previous_until: until } = row;
  const isGood = previous !== null && until !== null && until.getTime() > nowMs;
  return isGood ? [secret, previous] : [secret];
}

export function webhookView(row: WebhookRow): Webhook {
  return {
    id: row.id,
    account: row.account,
    url: row.url,
    events: row.events,
    description: row.description,
    enabled: row.enabled,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}
