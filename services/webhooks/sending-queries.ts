/** How senders take what is due and write what came of it: a fixed number of statements each time. */
import { newId } from '../../contracts/ids.ts';
import type { Database, Queryable, Transaction } from '../../platform/database.ts';
import { type AttemptRow, holdMessages, type MessageRow } from './message-queries.ts';
import type { WebhookRow } from './webhook-queries.ts';

/** A message to be sent now, with what its webhook needs for it. */
export interface Due
  extends Pick<MessageRow, 'id' | 'webhook' | 'delivery' | 'number' | 'body' | 'attempts'>,
    Pick<WebhookRow, 'url' | 'secret' | 'previous_secret' | 'previous_until' | 'failures'> {}

export interface Taking {
  /** Messages taken of each webhook, and not settled. */
  readonly underWay: Readonly<Record<string, number>>;
  readonly perWebhookMax: number;
  readonly countMax: number;
  /** After so many failures in a row one message is tried at a time. */
  readonly singleAfter: number;
  /** Host ms that nobody else takes them. */
  readonly reservedMs: number;
}

/**
 * Takes what is due. Of each delivery only the first message that waits goes out; what is sent again
 * on request holds back no news. Nothing goes to a webhook that rests.
 *
 * A walk along the index of what waits passes by what is done; earlier messages of a delivery are
 * looked up by its key, because their state is said in another way than that index has it. Statistics
 * of a quiet hour made a backlog of 20,000 be searched once for each of them, beyond every time-out.
 */
export async function takeDue(database: Database, taking: Taking): Promise<Due[]> {
  return database.transaction(async (trx) => {
    await trx.raw('SET LOCAL enable_bitmapscan = off');
    const { rows } = await trx.raw<{ rows: Due[] }>(
      `WITH due AS (
         SELECT m.id FROM webhooks w
          CROSS JOIN LATERAL (
            SELECT m.id, m.next_at FROM messages m
             WHERE m.webhook = w.id AND m.state = 'waiting' AND m.next_at <= now()
               AND NOT EXISTS (SELECT 1 FROM messages p
                    WHERE p.webhook = m.webhook AND p.delivery = m.delivery AND p.number < m.number
                      AND p.state NOT IN ('delivered', 'dead', 'held') AND (m.again OR NOT p.again))
             ORDER BY m.next_at, m.id
             LIMIT greatest(0, CASE WHEN w.failures >= ? THEN 1 ELSE ? END
                   - coalesce((?::jsonb ->> w.id)::int, 0))
             FOR UPDATE SKIP LOCKED) m
          WHERE w.enabled AND (w.rest_until IS NULL OR w.rest_until <= now())
          ORDER BY m.next_at LIMIT ?)
       UPDATE messages m SET attempts = m.attempts + 1,
              next_at = now() + ? * interval '1 millisecond'
         FROM due, webhooks w
        WHERE m.id = due.id AND w.id = m.webhook
        RETURNING m.id, m.webhook, m.delivery, m.number, m.body, m.attempts,
              w.url, w.secret, w.previous_secret, w.previous_until, w.failures`,
      [
        taking.singleAfter,
        taking.perWebhookMax,
        JSON.stringify(taking.underWay),
        taking.countMax,
        taking.reservedMs,
      ],
    );
    return rows;
  });
}

/** Lets others take what was taken and never tried. */
export async function giveBack(db: Queryable, taken: readonly Due[]): Promise<void> {
  if (taken.length === 0) return;
  await db('messages')
    .whereRaw(`id = ANY(?) AND state = 'waiting'`, [taken.map(({ id }) => id)])
    .update({ next_at: db.raw('now()'), attempts: db.raw('attempts - 1') });
}

/** What came of one try. */
export interface Settled {
  readonly due: Due;
  readonly attempt: Omit<AttemptRow, 'id' | 'webhook' | 'message' | 'delivery' | 'number'>;
  /** Host ms until the next try; unused when it was delivered. */
  readonly retryMs: number;
}

/** What came of tries for a webhook as a whole. */
export interface Health {
  readonly webhook: string;
  readonly isWell: boolean;
  readonly failed: number;
  readonly restMs: number;
  /** It answered that it is gone for good. */
  readonly isGone: boolean;
}

export interface Disabled {
  readonly id: string;
  readonly reason: string;
}

/** Writes what came of tries; resolves with messages given up and webhooks switched off by it. */
export async function settle(
  trx: Transaction,
  settled: readonly Settled[],
  health: readonly Health[],
  disableAfterMs: number,
): Promise<{ readonly dead: number; readonly disabled: readonly Disabled[] }> {
  await insertAttempts(trx, settled);
  const good = settled.filter(({ attempt }) => attempt.outcome === 'delivered');
  const bad = settled.filter(({ attempt }) => attempt.outcome !== 'delivered');
  if (good.length > 0) {
    await trx('messages')
      .whereRaw('id = ANY(?)', [good.map(({ due }) => due.id)])
      .update({ state: 'delivered', delivered_at: trx.fn.now(), last_error: null });
  }
  const dead = bad.length === 0 ? 0 : await putOff(trx, bad);
  return { dead, disabled: await noteHealth(trx, health, disableAfterMs) };
}

/** Later ones of the same delivery wait as long: they could not go out before. */
async function putOff(trx: Transaction, bad: readonly Settled[]): Promise<number> {
  const rows = bad.map(({ due, attempt, retryMs }) => ({
    ...{ id: due.id, webhook: due.webhook, delivery: due.delivery, number: due.number },
    error: attempt.error ?? `status ${attempt.status}`,
    retry_ms: retryMs,
  }));
  const columns =
    'id text, webhook text, delivery text, number integer, error text, retry_ms bigint';
  const { rows: changed } = await trx.raw<{ rows: { state: string }[] }>(
    `UPDATE messages m SET last_error = n.error,
            state = CASE WHEN m.give_up_at <= now() THEN 'dead' ELSE m.state END,
            next_at = now() + n.retry_ms * interval '1 millisecond'
       FROM jsonb_to_recordset(?::jsonb) AS n (${columns})
      WHERE m.id = n.id AND m.state = 'waiting' RETURNING m.state`,
    [JSON.stringify(rows)],
  );
  await trx.raw(
    `UPDATE messages m SET next_at = p.next_at
       FROM jsonb_to_recordset(?::jsonb) AS n (${columns}) JOIN messages p ON p.id = n.id
      WHERE m.webhook = n.webhook AND m.delivery = n.delivery AND m.state = 'waiting'
        AND m.number > n.number AND p.state = 'waiting' AND (m.again OR NOT p.again)
        AND m.next_at < p.next_at`,
    [JSON.stringify(rows)],
  );
  return changed.filter(({ state }) => state === 'dead').length;
}

async function insertAttempts(trx: Transaction, settled: readonly Settled[]): Promise<void> {
  const rows = settled.map(({ due, attempt }) => ({
    ...attempt,
    id: newId('webhookAttempt', attempt.at.getTime()),
    webhook: due.webhook,
    message: due.id,
    delivery: due.delivery,
    number: due.number,
  }));
  // A webhook may have been removed while its message was under way.
  await trx.raw(
    `INSERT INTO attempts (id, webhook, message, delivery, number, at, outcome, status,
            duration_ms, error, body)
     SELECT n.id, n.webhook, n.message, n.delivery, n.number, n.at, n.outcome, n.status,
            n.duration_ms, n.error, n.body
       FROM jsonb_to_recordset(?::jsonb) AS n (id text, webhook text, message text, delivery text,
            number integer, at timestamptz, outcome text, status integer, duration_ms integer,
            error text, body text)
       JOIN webhooks w ON w.id = n.webhook`,
    [JSON.stringify(rows)],
  );
}

async function noteHealth(
  trx: Transaction,
  health: readonly Health[],
  disableAfterMs: number,
): Promise<Disabled[]> {
  const rows = health.map(({ webhook, isWell, failed, restMs, isGone }) => ({
    ...{ webhook, is_well: isWell, failed, rest_ms: restMs, is_gone: isGone },
  }));
  const { rows: disabled } = await trx.raw<{ rows: Disabled[] }>(
    `WITH news AS (
       SELECT * FROM jsonb_to_recordset(?::jsonb) AS n (webhook text, is_well boolean,
              failed integer, rest_ms bigint, is_gone boolean)),
     changed AS (
       UPDATE webhooks w SET
          failures = CASE WHEN n.is_well THEN 0 ELSE w.failures + n.failed END,
          failing_since = CASE WHEN n.is_well THEN NULL ELSE coalesce(w.failing_since, now()) END,
          rest_until = CASE WHEN n.is_well OR n.rest_ms = 0 THEN NULL
                            ELSE now() + n.rest_ms * interval '1 millisecond' END
         FROM news n
        WHERE w.id = n.webhook AND (NOT n.is_well OR w.failures > 0)
       RETURNING w.id, w.failing_since, n.is_gone, n.is_well)
     SELECT id, CASE WHEN is_gone THEN 'it answered 410: gone for good'
                ELSE 'nothing got through since ' ||
                     to_char(failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END
                AS reason
       FROM changed
      WHERE NOT is_well
        AND (is_gone OR failing_since < now() - ? * interval '1 millisecond')`,
    [JSON.stringify(rows), disableAfterMs],
  );
  for (const { id, reason } of disabled) {
    await trx('webhooks').where({ id }).update({ enabled: false, disabled_reason: reason });
  }
  if (disabled.length > 0)
    await holdMessages(
      trx,
      disabled.map(({ id }) => id),
    );
  return disabled;
}
