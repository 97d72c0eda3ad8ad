/**
 * Sends messages: of each delivery in their order, of all webhooks beside each other, within bounds
 * for each and for all. What was taken and not settled, because the process died, is sent again
 * under the same id. Owns what is under way; the order and the times are the table's.
 */
import { newId, type WebhookId } from '../../contracts/ids.ts';
import {
  ATTEMPT_HEADER,
  EVENT_HEADER,
  type PingWebhook,
  SIGNATURE_HEADER,
} from '../../contracts/webhooks.ts';
import type { Database } from '../../platform/database.ts';
import { listen } from '../../platform/listener.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import type { SecretBox } from '../../platform/secret-box.ts';
import { createLanes } from './lanes.ts';
import type { Posted, Poster } from './posting.ts';
import { backOffMs, DISABLE_AFTER_MS, RESTS_AFTER, restMs } from './retrying.ts';
import { placeOf } from './sealing.ts';
import {
  type Due,
  giveBack,
  type Health,
  type Settled,
  settle,
  takeDue,
} from './sending-queries.ts';
import { signatureOf } from './signing.ts';
import { secretsOf, type WebhookRow } from './webhook-queries.ts';

/** Sent at once to one webhook; taken for it, and for all in this process. */
const AT_ONCE_MAX = 8;
const TAKEN_PER_WEBHOOK_MAX = 40;
const TAKEN_MAX = 256;
/** Longer than the last of those taken for one webhook may wait and then take. */
const RESERVED_MS = 60_000;
const POLL_MS = 1_000;
/** A person waits for a ping; it must end before the call that asked for it. */
const PING_MS = 5_000;
const GONE = 410;

export interface SendingOptions {
  readonly database: Database;
  readonly poster: Poster;
  readonly box: SecretBox;
  readonly onError: (error: unknown) => void;
  readonly onPosted: (posted: Posted) => void;
  readonly onDead: (count: number) => void;
  readonly onDisabled: (id: string, reason: string) => void;
  /** In [0, 1); default Math.random. */
  readonly chance?: () => number;
}

/** Starts sending; several may run, in several processes. */
export function startSending(options: SendingOptions): Pump {
  const { database } = options;
  const finished: Settled[] = [];
  const lanes = createLanes<Due>(AT_ONCE_MAX, async (due) => {
    finished.push(await tryOnce(options, due));
    pump.wake();
  });
  const settleFinished = async (): Promise<void> => {
    const batch = finished.splice(0);
    if (batch.length === 0) return;
    try {
      await settleBatch(options, batch);
    } catch (error) {
      finished.unshift(...batch);
      throw error;
    }
  };
  const pump = startPump({
    work: async () => {
      await settleFinished();
      const room = TAKEN_MAX - lanes.size;
      if (room <= 0) return false;
      const taken = await takeDue(database, {
        underWay: lanes.counts(),
        perWebhookMax: TAKEN_PER_WEBHOOK_MAX,
        countMax: room,
        singleAfter: RESTS_AFTER,
        reservedMs: RESERVED_MS,
      });
      for (const due of taken) lanes.add(due.webhook, due);
      return false;
    },
    pollMs: POLL_MS,
    backOffMs: [250, 10_000],
    onError: options.onError,
  });
  const listener = listen(database, 'webhooks_messages', () => pump.wake());
  return {
    wake: () => pump.wake(),
    async stop() {
      await listener.stop();
      await pump.stop();
      options.poster.close();
      const left = await lanes.stop();
      await settleFinished().catch(options.onError);
      await giveBack(database.knex, left).catch(options.onError);
    },
  };
}

async function tryOnce({ onPosted, chance, ...by }: SendingOptions, due: Due): Promise<Settled> {
  const at = new Date();
  const terms = { type: 'delivery.changed', attempt: due.attempts, atMs: at.getTime() };
  const posted = await post(by, due.webhook, due, due.body, terms);
  onPosted(posted);
  const { outcome, status, durationMs, error, body } = posted;
  return {
    due,
    attempt: { at, outcome, status, duration_ms: durationMs, error, body },
    retryMs: backOffMs(due.attempts, (chance ?? Math.random)()),
  };
}

type Target = Pick<WebhookRow, 'url' | 'secret' | 'previous_secret' | 'previous_until'>;

interface PostTerms {
  readonly type: string;
  readonly attempt: number;
  readonly atMs: number;
  readonly timeoutMs?: number;
}

/** Signs and posts; without a secret that can be read nothing is sent. */
async function post(
  { poster, box }: Pick<SendingOptions, 'poster' | 'box'>,
  id: WebhookId,
  target: Target,
  body: string,
  { type, attempt, atMs, timeoutMs }: PostTerms,
): Promise<Posted> {
  let secrets: string[];
  try {
    secrets = secretsOf(target, atMs).map((secret) => box.open(secret, placeOf(id)));
  } catch {
    const error = 'the secret cannot be read: rotate it';
    return { outcome: 'blocked', status: null, durationMs: 0, error, body: null };
  }
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Waggle-Webhooks/1',
    [EVENT_HEADER]: type,
    [ATTEMPT_HEADER]: String(attempt),
    [SIGNATURE_HEADER]: signatureOf(secrets, atMs, body),
  };
  return poster.post(target.url, headers, body, timeoutMs);
}

async function settleBatch(options: SendingOptions, batch: readonly Settled[]): Promise<void> {
  const { dead, disabled } = await options.database.transaction((trx) =>
    settle(trx, batch, healthOf(batch), DISABLE_AFTER_MS),
  );
  if (dead > 0) options.onDead(dead);
  for (const { id, reason } of disabled) options.onDisabled(id, reason);
}

/** One word per webhook: one that takes anything is well. */
export function healthOf(batch: readonly Settled[]): Health[] {
  const byWebhook = Map.groupBy(batch, ({ due }) => due.webhook);
  return [...byWebhook].map(([webhook, settled]) => {
    const isWell = settled.some(({ attempt }) => attempt.outcome === 'delivered');
    const failed = settled.filter(({ attempt }) => attempt.outcome !== 'delivered').length;
    const before = Math.max(...settled.map(({ due }) => due.failures));
    const isGone = !isWell && settled.some(({ attempt }) => attempt.status === GONE);
    return { webhook, isWell, failed, restMs: isWell ? 0 : restMs(before + failed), isGone };
  });
}

/** Sends a test event now and says what came of it, and under which id. */
export async function sendPing(
  by: Pick<SendingOptions, 'poster' | 'box'>,
  webhook: WebhookRow,
): Promise<{ readonly id: string; readonly at: Date; readonly posted: Posted }> {
  const at = new Date();
  const id = newId('event');
  const ping: PingWebhook = { version: 1, id, type: 'ping', at: at.toISOString() };
  const body = JSON.stringify(ping);
  const terms = { type: 'ping', attempt: 1, atMs: at.getTime(), timeoutMs: PING_MS };
  const posted = await post(by, webhook.id, webhook, body, terms);
  return { id, at, posted };
}
