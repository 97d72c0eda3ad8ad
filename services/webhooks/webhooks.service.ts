/** Webhooks: what happened to deliveries, told to the shops that asked for them. */
import type { ServiceSchema } from 'moleculer';
import { openDatabase } from '../../platform/database.ts';
import type { ServiceContext } from '../../platform/service-context.ts';

export function createService({ config, addCheck }: ServiceContext): ServiceSchema {
  const database = openDatabase('webhooks', config.database.webhooks);
  addCheck('webhooks.database', () => database.ping());
  return { name: 'webhooks', actions: {}, stopped: () => database.close() };
}
