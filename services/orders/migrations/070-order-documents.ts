/**
 * The documents of an order are written once and read whole: they are kept as they are told, neither
 * taken apart nor compressed nor moved off the row's page, which took longer than writing the row.
 */
import type { Transaction } from '../../../platform/database.ts';

const DOCUMENTS = ['price', 'payment', 'terms', 'items'];

function asTold(name: string): string {
  return `ALTER ${name} DROP DEFAULT, ALTER ${name} TYPE json, ALTER ${name} SET STORAGE EXTERNAL`;
}

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    DROP VIEW orders_now;
    ALTER TABLE orders
      ${DOCUMENTS.map(asTold).join(', ')};
    ALTER TABLE orders SET (toast_tuple_target = 8160);
    CREATE VIEW orders_now AS
      SELECT o.*, s.state, s.ready_ms, s.ended_ms, s.driver,
             CASE WHEN s.ended_ms IS NOT NULL THEN s.ending->'reason' END AS reason
        FROM orders o JOIN sagas s ON s.order_id = o.id;
  `);
}
