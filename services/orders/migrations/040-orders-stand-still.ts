/**
 * An order is written once; where it stands is in its saga, and both together are `orders_now`. Each
 * state of an order used to write its wide row and six indexes again, each step its timer.
 */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE sagas
      ADD driver text,
      -- what the row of timers says: not later than due_ms
      ADD timer_ms bigint;
    -- The rules are asked as an order is placed: what waits for them is left to a person.
    UPDATE sagas SET step = 'reviewing' WHERE step = 'checking';
    -- Orders from before there were sagas.
    INSERT INTO sagas (order_id, step, state, stock, payment, ticket, ticket_version, parcel, epoch,
           seq, index, ready_ms, since_ms, tries, ending, ended_ms, captured_minor, refunded_minor,
           refunds)
    SELECT id, 'done', state, 'none', 'none', 'none', 0, 'none', 0, 0, 0, ready_ms, placed_ms, 0,
           jsonb_build_object('reason', reason, 'chargeMinor', 0, 'keepsStock', false),
           COALESCE(ended_ms, placed_ms), 0, 0, '{}'
      FROM orders o WHERE NOT EXISTS (SELECT 1 FROM sagas s WHERE s.order_id = o.id);
    UPDATE sagas s SET driver = o.driver FROM orders o
     WHERE o.id = s.order_id AND o.driver IS NOT NULL;
    UPDATE sagas s SET timer_ms = t.due_ms FROM timers t WHERE t.order_id = s.order_id;
    ALTER TABLE orders ADD items jsonb NOT NULL DEFAULT '[]';
    UPDATE orders o SET items = i.items
      FROM (SELECT order_id, jsonb_agg(jsonb_build_object('id', id, 'product', product,
                   'variant', variant, 'options', options, 'name', name, 'details', details,
                   'quantity', quantity, 'note', note, 'unitPriceMinor', unit_price_minor,
                   'goodsMinor', goods_minor, 'discountMinor', discount_minor,
                   'taxMinor', tax_minor) ORDER BY position) AS items
              FROM items GROUP BY order_id) i
     WHERE i.order_id = o.id;
    DROP TABLE items;
    ALTER TABLE orders
      DROP COLUMN state,
      DROP COLUMN ready_ms,
      DROP COLUMN ended_ms,
      DROP COLUMN reason,
      DROP COLUMN driver,
      -- made by us, and nobody looks an order up by it
      DROP CONSTRAINT orders_delivery_key;
    CREATE VIEW orders_now AS
      SELECT o.*, s.state, s.ready_ms, s.ended_ms, s.driver,
             CASE WHEN s.ended_ms IS NOT NULL THEN s.ending->'reason' END AS reason
        FROM orders o JOIN sagas s ON s.order_id = o.id;
  `);
}
