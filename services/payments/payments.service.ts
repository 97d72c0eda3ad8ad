/** Payments: authorise, capture, void, refund, behind a port of methods. */
import type { ServiceSchema } from 'moleculer';
import { openDatabase } from '../../platform/database.ts';
import type { ServiceContext } from '../../platform/service-context.ts';

export function createService({ config, addCheck }: ServiceContext): ServiceSchema {
  const database = openDatabase('payments', config.database.payments);
  addCheck('payments.database', () => database.ping());
  return { name: 'payments', actions: {}, stopped: () => database.close() };
}
