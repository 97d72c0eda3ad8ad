/** Finding vendors and products. */
import type { ServiceSchema } from 'moleculer';
import { openDatabase } from '../../platform/database.ts';
import type { ServiceContext } from '../../platform/service-context.ts';

export function createService({ config, addCheck }: ServiceContext): ServiceSchema {
  const database = openDatabase('search', config.database.search);
  addCheck('search.database', () => database.ping());
  return { name: 'search', actions: {}, stopped: () => database.close() };
}
