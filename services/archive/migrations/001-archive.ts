/** Log records in packed blocks, and now and then a snapshot to start reading from. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE positions (
      shard integer PRIMARY KEY,
      epoch bigint NOT NULL,
      seq bigint NOT NULL
    );
    CREATE TABLE blocks (
      shard integer NOT NULL,
      from_seq bigint NOT NULL,
      to_seq bigint NOT NULL,
      to_epoch bigint NOT NULL,
      stored_ms bigint NOT NULL,
      data bytea NOT NULL,
      PRIMARY KEY (shard, from_seq)
    );
    CREATE INDEX blocks_stored ON blocks (stored_ms);
    CREATE TABLE snapshots (
      shard integer NOT NULL,
      epoch bigint NOT NULL,
      seq bigint NOT NULL,
      at_ms bigint NOT NULL,
      stored_ms bigint NOT NULL,
      meta jsonb NOT NULL,
      PRIMARY KEY (shard, epoch, seq)
    );
    CREATE INDEX snapshots_stored ON snapshots (stored_ms);
    CREATE TABLE snapshot_chunks (
      shard integer NOT NULL,
      epoch bigint NOT NULL,
      seq bigint NOT NULL,
      chunk integer NOT NULL,
      data bytea NOT NULL,
      PRIMARY KEY (shard, epoch, seq, chunk),
      FOREIGN KEY (shard, epoch, seq) REFERENCES snapshots ON DELETE CASCADE
    );
  `);
}
