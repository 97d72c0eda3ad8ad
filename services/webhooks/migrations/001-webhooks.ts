/**
 * Where accounts hear of their deliveries, what they are to be told, and every try. Times are host
 * time: retries live in the world of the receivers.
 */
import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE webhooks (
      id text PRIMARY KEY,
      account text NOT NULL,
      url text NOT NULL,
      events text[] NOT NULL,
      description text NOT NULL,
      -- needed as it is: signatures are made with it
      secret text NOT NULL,
      previous_secret text,
      previous_until timestamptz,
      enabled boolean NOT NULL DEFAULT true,
      disabled_reason text,
      -- tries that failed since the last that did not, and what follows from them
      failures integer NOT NULL DEFAULT 0,
      failing_since timestamptz,
      rest_until timestamptz,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX webhooks_account ON webhooks (account, id);

    -- The last number and fact of each delivery that a webhook has heard of.
    CREATE TABLE counters (
      webhook text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
      delivery text NOT NULL,
      number integer NOT NULL,
      epoch bigint NOT NULL,
      seq bigint NOT NULL,
      index integer NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (webhook, delivery)
    );
    CREATE INDEX counters_changed ON counters (changed_at);

    CREATE TABLE messages (
      id text PRIMARY KEY,
      webhook text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
      delivery text NOT NULL,
      number integer NOT NULL,
      delivery_state text NOT NULL,
      -- text, not json: every try sends the very same bytes
      body text NOT NULL,
      state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead', 'held')),
      -- sent again on request: holds back no news
      again boolean NOT NULL DEFAULT false,
      attempts integer NOT NULL DEFAULT 0,
      next_at timestamptz NOT NULL DEFAULT now(),
      give_up_at timestamptz NOT NULL,
      last_error text,
      created_at timestamptz NOT NULL DEFAULT now(),
      delivered_at timestamptz,
      CONSTRAINT messages_number UNIQUE (webhook, delivery, number)
    );
    CREATE INDEX messages_due ON messages (webhook, next_at) WHERE state = 'waiting';
    CREATE INDEX messages_waiting ON messages (webhook, delivery, number) WHERE state = 'waiting';
    CREATE INDEX messages_listed ON messages (webhook, id);
    CREATE INDEX messages_created ON messages (created_at);
    CREATE INDEX messages_since ON messages (webhook, created_at);

    CREATE TABLE attempts (
      id text PRIMARY KEY,
      webhook text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
      message text NOT NULL,
      delivery text,
      number integer,
      at timestamptz NOT NULL,
      outcome text NOT NULL,
      status integer,
      duration_ms integer NOT NULL,
      error text,
      body text
    );
    CREATE INDEX attempts_listed ON attempts (webhook, id);
    CREATE INDEX attempts_message ON attempts (message, id);
    CREATE INDEX attempts_at ON attempts (at);
  `);
  await trx.raw(INBOX_TABLE);
}
