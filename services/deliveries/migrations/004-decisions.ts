/** Why rounds decided as they did: one row per delivery and round that explained it. A projection. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE decisions (
      shard integer NOT NULL,
      epoch bigint NOT NULL,
      seq bigint NOT NULL,
      index integer NOT NULL,
      delivery text NOT NULL,
      zone text NOT NULL,
      at_ms bigint NOT NULL,
      round bigint NOT NULL,
      weights_version integer NOT NULL,
      engine text,
      data jsonb NOT NULL,
      PRIMARY KEY (shard, epoch, seq, index, delivery)
    );
    CREATE INDEX decisions_delivery ON decisions (delivery, epoch, seq, index);
    CREATE INDEX decisions_time ON decisions (at_ms);
  `);
}
