/** Menus: categories, products, variants, options and their prices. */
import type { ServiceSchema } from 'moleculer';
import { openDatabase } from '../../platform/database.ts';
import type { ServiceContext } from '../../platform/service-context.ts';

export function createService({ config, addCheck }: ServiceContext): ServiceSchema {
  const database = openDatabase('catalog', config.database.catalog);
  addCheck('catalog.database', () => database.ping());
  return { name: 'catalog', actions: {}, stopped: () => database.close() };
}
