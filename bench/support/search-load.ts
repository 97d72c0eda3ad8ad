/** Owns putting a made-up city into the search tables, as the service would when it is told of it. */
import type { Database } from '../../platform/database.ts';
import { followMenus, followVendors } from '../../services/search/following.ts';
import { createTurns } from '../../services/search/turns.ts';
import type { CityShop } from './search-city.ts';

const BATCH = 500;

/** Takes in the shops, a batch in a transaction, and has Postgres look at what it has got. */
export async function loadShops(
  database: Database,
  shops: Iterable<CityShop>,
  nowMs: number,
): Promise<void> {
  const turnsOf = createTurns();
  let batch: CityShop[] = [];
  const write = async (): Promise<void> => {
    const told = batch;
    batch = [];
    await database.transaction(async (trx) => {
      const entry = <T>(event: T) => ({ id: '', correlation: null, event });
      await followVendors(
        trx,
        told.map(({ vendor }) => entry(vendor)),
        { turnsOf, nowMs },
      );
      await followMenus(
        trx,
        told.map(({ menu }) => entry(menu)),
      );
    });
  };
  for (const shop of shops) {
    batch.push(shop);
    if (batch.length === BATCH) await write();
  }
  await write();
  await database.knex.raw('VACUUM ANALYZE vendors, documents, words');
}
