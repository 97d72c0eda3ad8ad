/** Who carried what when, the raw points until a delivery has ended, and the archived traces. */
import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE windows (
      delivery text NOT NULL,
      driver text NOT NULL,
      account text NOT NULL,
      from_ms bigint NOT NULL,
      to_ms bigint,
      PRIMARY KEY (delivery, from_ms)
    );
    CREATE TABLE ended (
      delivery text PRIMARY KEY,
      account text NOT NULL,
      ended_ms bigint NOT NULL
    );
    CREATE INDEX ended_time ON ended (ended_ms);
    CREATE TABLE chunks (
      driver text NOT NULL,
      from_ms bigint NOT NULL,
      to_ms bigint NOT NULL,
      data bytea NOT NULL,
      PRIMARY KEY (driver, from_ms)
    );
    CREATE INDEX chunks_time ON chunks (to_ms);
    CREATE TABLE traces (
      delivery text PRIMARY KEY,
      account text NOT NULL,
      points integer NOT NULL,
      data bytea NOT NULL,
      ended_ms bigint NOT NULL,
      coarse boolean NOT NULL DEFAULT false
    );
    CREATE INDEX traces_fine ON traces (ended_ms) WHERE NOT coarse;
    CREATE TABLE cursors (name text PRIMARY KEY, position text NOT NULL);
    ${INBOX_TABLE}
  `);
}
