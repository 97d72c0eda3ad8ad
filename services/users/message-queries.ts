/** What the users service asks of its tables of messages and of requests for new passwords. */
import type { UserId } from '../../contracts/ids.ts';
import type { MessageTemplate } from '../../contracts/messages/notifications.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';

export interface NewMessageRow {
  readonly id: string;
  readonly user: UserId;
  readonly template: MessageTemplate;
  readonly channel: string;
  readonly recipient: string;
  readonly expiresMs: number;
  /** Ends earlier ones of the same kind for the same person. */
  readonly replaces: boolean;
}

export async function insertMessages(
  trx: Transaction,
  messages: readonly NewMessageRow[],
): Promise<void> {
  if (messages.length === 0) return;
  const rows = JSON.stringify(messages);
  await trx.raw(
    `DELETE FROM messages m USING jsonb_to_recordset(?::jsonb)
         AS n("user" text, template text, replaces boolean)
      WHERE n.replaces AND m.user_id = n."user" AND m.template = n.template`,
    [rows],
  );
  await trx.raw(
    `INSERT INTO messages (id, user_id, template, channel, recipient, expires_at)
     SELECT id, "user", template, channel, recipient, to_timestamp("expiresMs" / 1000.0)
       FROM jsonb_to_recordset(?::jsonb) AS n(id text, "user" text, template text,
            channel text, recipient text, "expiresMs" bigint)`,
    [rows],
  );
}

/** How often the secret of one message may be made: a sender that keeps failing has to stop. */
const MADE_MAX = 10;

export interface MessageRow {
  readonly id: string;
  readonly user_id: UserId;
  readonly template: MessageTemplate;
  readonly channel: 'email' | 'phone';
  readonly recipient: string;
  readonly name: string;
  readonly expires_at: Date;
}

/** A message that may still be sent. */
export async function liveMessage(db: Queryable, id: string): Promise<MessageRow | undefined> {
  const { rows } = await db.raw<{ rows: MessageRow[] }>(
    `SELECT m.id, m.user_id, m.template, m.channel, m.recipient, m.expires_at, u.name
       FROM messages m JOIN users u ON u.id = m.user_id
      WHERE m.id = ? AND m.expires_at > now() AND m.made < ? AND u.deleted_at IS NULL`,
    [id, MADE_MAX],
  );
  return rows[0];
}

/** Remembers the secret that was just made. */
export async function setSecret(db: Queryable, id: string, hash: string | null): Promise<void> {
  await db.raw('UPDATE messages SET secret_hash = ?, made = made + 1 WHERE id = ?', [hash, id]);
}

/** Wrong codes after which a message is worth nothing. */
const ATTEMPTS_MAX = 5;

/** Counts a try, before it is known whether it is right, and gives what to compare with. */
export async function tryCode(
  db: Queryable,
  user: string,
  template: MessageTemplate,
): Promise<{ readonly id: string; readonly hash: string; readonly recipient: string } | undefined> {
  const { rows } = await db.raw<{ rows: { id: string; hash: string; recipient: string }[] }>(
    `UPDATE messages SET attempts = attempts + 1
      WHERE user_id = ? AND template = ? AND secret_hash IS NOT NULL
        AND expires_at > now() AND attempts < ?
      RETURNING id, secret_hash AS hash, recipient`,
    [user, template, ATTEMPTS_MAX],
  );
  return rows[0];
}

const TOKENS = `template IN ('password_reset', 'invitation') AND expires_at > now()`;

export async function tokenIsLive(db: Queryable, hash: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT 1 FROM messages WHERE secret_hash = ? AND ${TOKENS}`,
    [hash],
  );
  return rows.length > 0;
}

/** Uses a token up; of two at once only one succeeds. */
export async function useToken(
  trx: Transaction,
  hash: string,
): Promise<{ readonly user_id: UserId; readonly recipient: string } | undefined> {
  const { rows } = await trx.raw<{ rows: { user_id: UserId; recipient: string }[] }>(
    `DELETE FROM messages WHERE secret_hash = ? AND ${TOKENS} RETURNING user_id, recipient`,
    [hash],
  );
  return rows[0];
}

/** True when it was still there. */
export async function deleteMessage(db: Queryable, id: string): Promise<boolean> {
  return (await db('messages').where({ id }).delete()) > 0;
}

export async function insertResetRequest(
  db: Queryable,
  email: string,
  correlation: string,
): Promise<void> {
  await db('reset_requests').insert({ email, correlation });
}

export interface ResetRequest {
  readonly user: UserId;
  readonly email: string;
  readonly correlation: string | null;
}

/** Takes the oldest requests off the list; those of people who exist are given back. */
export async function takeResetRequests(
  trx: Transaction,
  limit: number,
): Promise<{ readonly taken: number; readonly known: readonly ResetRequest[] }> {
  const { rows } = await trx.raw<{
    rows: { user: UserId | null; email: string; correlation: string | null }[];
  }>(
    `WITH taken AS (
       DELETE FROM reset_requests WHERE id IN (
         SELECT id FROM reset_requests ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)
       RETURNING email, correlation)
     SELECT u.id AS "user", t.email, max(t.correlation) AS correlation
       FROM taken t LEFT JOIN users u ON u.email = t.email AND u.deleted_at IS NULL
      GROUP BY u.id, t.email`,
    [limit],
  );
  const known = rows.flatMap((row) => (row.user === null ? [] : [{ ...row, user: row.user }]));
  return { taken: rows.length, known };
}

const PURGE_BATCH = 5_000;

export async function purgeMessages(db: Queryable): Promise<void> {
  await db.raw(
    `DELETE FROM messages WHERE ctid IN (
       SELECT ctid FROM messages WHERE expires_at < now() LIMIT ?)`,
    [PURGE_BATCH],
  );
}
