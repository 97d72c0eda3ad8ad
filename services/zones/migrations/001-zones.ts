/** Markets and zones. `config` is exactly what the engine was told. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE markets (
      id text PRIMARY KEY,
      name text NOT NULL,
      time_zone text NOT NULL,
      currency text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE zones (
      id text PRIMARY KEY,
      market text NOT NULL REFERENCES markets (id),
      name text NOT NULL,
      shard integer NOT NULL,
      polygon jsonb NOT NULL,
      config jsonb NOT NULL,
      open boolean NOT NULL DEFAULT false,
      sent_epoch bigint,
      sent_seq bigint,
      created_by text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX zones_shard ON zones (shard);
  `);
}
