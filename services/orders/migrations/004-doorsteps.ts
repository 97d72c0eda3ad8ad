/** Addresses are looked up by doorstep (about 20 m), not by the cell of hundreds of households. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    DROP INDEX orders_cell;
    CREATE INDEX orders_doorstep
      ON orders ((dropoff_lat_e7 / 2000), (dropoff_lon_e7 / 2000), id);
  `);
}
