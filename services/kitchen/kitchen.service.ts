/** Tickets: what a vendor has to prepare, and when it says it is ready. */
import type { ServiceSchema } from 'moleculer';
import { openDatabase } from '../../platform/database.ts';
import type { ServiceContext } from '../../platform/service-context.ts';

export function createService({ config, addCheck }: ServiceContext): ServiceSchema {
  const database = openDatabase('kitchen', config.database.kitchen);
  addCheck('kitchen.database', () => database.ping());
  return { name: 'kitchen', actions: {}, stopped: () => database.close() };
}
