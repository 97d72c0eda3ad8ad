/** Stock: what is there, what is set aside for orders, and every change with its reason. */
import type { ServiceSchema } from 'moleculer';
import { openDatabase } from '../../platform/database.ts';
import type { ServiceContext } from '../../platform/service-context.ts';

export function createService({ config, addCheck }: ServiceContext): ServiceSchema {
  const database = openDatabase('inventory', config.database.inventory);
  addCheck('inventory.database', () => database.ping());
  return { name: 'inventory', actions: {}, stopped: () => database.close() };
}
