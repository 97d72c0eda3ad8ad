/** Payments: authorise, capture, void, refund, behind a port of methods. */
import type { ServiceSchema } from 'moleculer';
import { Counter } from 'prom-client';
import { ORDER_REF, type OrderRef } from '../../contracts/api/orders.ts';
import type { Payment } from '../../contracts/api/payments.ts';
import { PAYMENT_REQUESTS, type PaymentAsked } from '../../contracts/messages/payments.ts';
import { openDatabase } from '../../platform/database.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startFollowing, startPublishing } from '../../platform/service-streams.ts';
import type { Methods } from './methods/asking.ts';
import { createCash } from './methods/cash.ts';
import { guarded } from './methods/guarded.ts';
import { createTestMethod } from './methods/test-method.ts';
import * as reading from './reading.ts';
import { type Followed, follow } from './requests.ts';
import { startWorking } from './working.ts';

export function createService(context: ServiceContext): ServiceSchema {
  const { config, addCheck, log } = context;
  const database = openDatabase('payments', config.database.payments);
  const action = createActionBuilder({ log });
  const running: Part[] = [];
  const methods: Methods = { cash: createCash(), test: guarded(createTestMethod()) };
  const operations = new Counter({
    name: 'waggle_payment_operations_total',
    help: 'Operations of payments that were answered, by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    registers: [context.metrics],
  });
  addCheck('payments.database', () => database.ping());
  return {
    name: 'payments',
    actions: {
      ofOrder: action<OrderRef, Payment>({
        params: ORDER_REF,
        handler: ({ id }, call) => reading.ofOrder(database, id, call),
      }),
    },
    async started() {
      const { clock } = await context.door();
      const nowMs = (): number => Math.round(clock.zoneMs());
      const relay = startPublishing(context, database);
      const working = startWorking({
        ...{ database, methods, nowMs },
        onDone: (kind, outcome) => {
          operations.inc({ kind, outcome });
          relay.wake();
        },
        onError: (err, key) => log.warn({ err, key }, 'a payment operation waits'),
      });
      let followed: Followed | undefined;
      running.push(
        relay,
        working,
        startFollowing<PaymentAsked>(context, {
          ...{ database, stream: PAYMENT_REQUESTS, consumer: 'payments' },
          handler: async (trx, entries) => {
            followed = await follow(trx, entries, { methods, nowMs: nowMs() });
          },
          afterwards: () => {
            for (const { kind, answer } of followed?.answered ?? []) {
              operations.inc({ kind, outcome: answer.type });
            }
            if (followed?.waits) working.wake();
            relay.wake();
          },
          // Operations are noted once by their keys.
          inbox: false,
        }),
      );
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}
