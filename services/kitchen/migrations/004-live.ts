/**
 * What stands on the board, and what was carried away, are tables of their own: narrow ones. A ticket
 * that is accepted by itself is written once; before, each order that left wrote a wide row and four
 * entries of indexes again.
 */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE live (
      vendor text NOT NULL,
      order_id text NOT NULL,
      PRIMARY KEY (vendor, order_id)
    );
    CREATE TABLE collected (
      order_id text PRIMARY KEY,
      -- zone ms
      at_ms bigint NOT NULL
    );
    INSERT INTO live SELECT vendor, order_id FROM tickets
     WHERE collected_ms IS NULL AND vendor IS NOT NULL
       AND state IN ('open', 'accepted', 'started', 'ready');
    INSERT INTO collected SELECT order_id, collected_ms FROM tickets WHERE collected_ms IS NOT NULL;
    DROP INDEX tickets_live;
    ALTER TABLE tickets DROP COLUMN collected_ms;
    -- What is followed may be told twice: nothing is remembered of it.
    DROP TABLE inbox;
  `);
}
