/** What a person owns and may ask for: addresses, messages, members of accounts, keys that rotate. */
import type { Transaction } from '../../../platform/database.ts';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE users
      ADD COLUMN member text,
      ADD COLUMN email_verified_at timestamptz,
      ADD COLUMN phone_verified_at timestamptz,
      ADD COLUMN deleted_at timestamptz;
    UPDATE users SET member = 'owner' WHERE role IN ('vendor', 'ops');
    CREATE INDEX users_members ON users (account, id) WHERE member IS NOT NULL;
    CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
    ALTER TABLE api_keys
      ADD COLUMN previous_hash text UNIQUE,
      ADD COLUMN previous_until timestamptz,
      ADD COLUMN rotated_at timestamptz,
      ADD COLUMN last_used_at timestamptz,
      ADD COLUMN expires_at timestamptz;
    CREATE TABLE addresses (
      id text PRIMARY KEY,
      user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      label text NOT NULL,
      text text NOT NULL,
      lat_e7 integer NOT NULL,
      lon_e7 integer NOT NULL,
      note text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX addresses_user ON addresses (user_id, id);
    -- Who asked for a new password, known or not: written alike, looked at afterwards.
    CREATE TABLE reset_requests (
      id bigserial PRIMARY KEY,
      email text NOT NULL,
      correlation text,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE messages (
      id text PRIMARY KEY,
      user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      template text NOT NULL,
      channel text NOT NULL,
      recipient text NOT NULL,
      -- Of the secret made when the message was last asked for; null: never asked for.
      secret_hash text,
      made integer NOT NULL DEFAULT 0,
      attempts integer NOT NULL DEFAULT 0,
      expires_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX messages_user ON messages (user_id, template);
    CREATE INDEX messages_secret ON messages (secret_hash);
    CREATE INDEX messages_expiry ON messages (expires_at);
    ${OUTBOX_TABLE}
    ${IDEMPOTENCY_TABLE}
  `);
}
