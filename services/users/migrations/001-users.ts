/** Accounts, users, refresh tokens and API keys. Secrets are stored hashed only. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE accounts (
      id text PRIMARY KEY,
      name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE users (
      id text PRIMARY KEY,
      account text NOT NULL,
      role text NOT NULL,
      email text NOT NULL,
      password_hash text NOT NULL,
      name text NOT NULL,
      phone text,
      driver text UNIQUE,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT users_email UNIQUE (email)
    );
    CREATE TABLE refresh_tokens (
      hash text PRIMARY KEY,
      family text NOT NULL,
      user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      expires_at timestamptz NOT NULL,
      used_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
    CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
    CREATE TABLE api_keys (
      id text PRIMARY KEY,
      account text NOT NULL,
      name text NOT NULL,
      hash text NOT NULL UNIQUE,
      scopes text[] NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      revoked_at timestamptz
    );
    CREATE INDEX api_keys_account ON api_keys (account, id);
  `);
}
