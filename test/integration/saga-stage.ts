/** Owns a Waggle for tests of the saga: every participant is a node of its own that can be ended. */
import assert from 'node:assert/strict';
import { newId } from '../../contracts/ids.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import { type Door, openDoor } from '../../dispatch/redis/door.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { type RunningNode, startNode } from '../../services/main.ts';
import type { StepName } from '../../services/orders/saga/saga-state.ts';
import { cleanUpInReverse, type Scope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, BUSINESS, type Stack, withStack } from './business-stack.ts';
import { addProduct, CENTRE, type City, expectOk, makeCity } from './city.ts';

export const PARTICIPANTS = ['orders', 'deliveries', 'inventory', 'payments', 'kitchen'] as const;
export type Participant = (typeof PARTICIPANTS)[number];

export interface SagaStage {
  readonly stack: Stack;
  readonly city: City;
  readonly product: string;
  readonly driver: string;
  start(...names: Participant[]): Promise<void>;
  stop(...names: Participant[]): Promise<void>;
  /** Ends those that run and starts them again. */
  restart(): Promise<void>;
  place(key: string, change?: object): Promise<Placed>;
  /** Waits until the saga of an order stands there. */
  atStep(order: string, step: StepName): Promise<void>;
  /** What an ops person says that happened to a delivery. */
  ops(delivery: string, verb: 'assign' | 'picked_up' | 'delivered'): Promise<void>;
  call(method: string, path: string, body?: object, key?: string): Promise<Answer>;
  /** Where everything about an order stands, without times and ids. */
  endOf(placed: Placed): Promise<object>;
  readonly databases: Readonly<Record<Participant, Database>>;
}

export interface Placed {
  readonly id: string;
  readonly delivery: string;
}

const STOCK = 100;

export async function openSagaStage(
  scope: Scope,
  env: Readonly<Record<string, string>> = {},
): Promise<SagaStage> {
  const rest = BUSINESS.filter((name) => !(PARTICIPANTS as readonly string[]).includes(name));
  const stack = await withStack(scope, [...rest, 'dispatch', 'api'], env);
  const nodes = new Map<Participant, RunningNode>();
  cleanUpInReverse(scope, async () => {
    await Promise.all([...nodes.values()].map((node) => node.stop()));
  });
  const start = async (...names: Participant[]): Promise<void> => {
    await Promise.all(
      names.map(async (name) => {
        const node = await startNode(stack.config, { node: `test-${name}`, services: [name] });
        nodes.set(name, node);
      }),
    );
  };
  const stop = async (...names: Participant[]): Promise<void> => {
    await Promise.all(
      names.map(async (name) => {
        await nodes.get(name)?.stop();
        nodes.delete(name);
      }),
    );
  };
  const restart = async (): Promise<void> => {
    const running = [...nodes.keys()];
    await stop(...running);
    await start(...running);
  };
  const databases = Object.fromEntries(
    PARTICIPANTS.map((name) => [name, openDatabase(name, stack.config.database[name])]),
  ) as Record<Participant, Database>;
  cleanUpInReverse(scope, async () => {
    await Promise.all(Object.values(databases).map((database) => database.close()));
  });
  await start(...PARTICIPANTS);
  const city = await makeCity(stack);
  const product = await addProduct(stack, city, { name: 'Noodles', priceMinor: 950 });
  const stocked = { product, variant: '', vendor: city.vendor, low_mark: 0, level: 'in' };
  await databases.inventory.knex('stock').insert({ ...stocked, available: STOCK });
  const driver = await driverOnDuty(scope, stack, city);
  // Whoever was restarted must be found again by those who call.
  const call: SagaStage['call'] = (method, path, body, key) =>
    waitFor(
      async () => {
        const headers = key === undefined ? undefined : { 'idempotency-key': key };
        const token = city.ops;
        const answer = await stack.call(method, path, { token, body, headers });
        return answer.status === 503 || answer.status === 504 ? undefined : answer;
      },
      { timeoutMs: 15_000, what: `${method} ${path}` },
    );
  return {
    ...{ stack, city, product, driver, start, stop, restart, call, databases },
    async place(key, change = {}) {
      const body = {
        vendor: city.vendor,
        items: [{ product, quantity: 2 }],
        dropoff: { lat: CENTRE.lat + 0.01, lon: CENTRE.lon + 0.01 },
        readyInSeconds: 30,
        payment: { kind: 'test', token: 'ok' },
        ...change,
      };
      const headers = { 'idempotency-key': key };
      const { id, delivery } = expectOk(
        await stack.call('POST', '/orders', { token: city.customer, body, headers }),
      );
      return { id: String(id), delivery: String(delivery) };
    },
    atStep: (order, step) => atStep(databases.orders, order, step),
    async ops(delivery, verb) {
      const body = {
        verb,
        reason: 'the test says so',
        ...(verb === 'delivered' ? {} : { driver }),
      };
      await waitFor(
        async () => (await call('POST', `/deliveries/${delivery}/ops`, body)).status === 202,
        { what: `${verb} of ${delivery}` },
      );
    },
    endOf: (placed) => endOf(databases, placed),
  };
}

async function atStep({ knex }: Database, order: string, step: StepName): Promise<void> {
  let last: unknown;
  await waitFor(
    async () => {
      last = await knex('sagas').where({ order_id: order }).first();
      return (last as { step?: string } | undefined)?.step === step;
    },
    { timeoutMs: 20_000, what: step },
  ).catch((error: unknown) => {
    assert.fail(`${String(error)}; it stands at ${JSON.stringify(last)}`);
  });
}

async function driverOnDuty(scope: Scope, stack: Stack, city: City): Promise<string> {
  const { redis, dispatch } = stack.config;
  const door: Door = await openDoor({
    redisUrl: redis.url,
    keyPrefix: redis.keyPrefix,
    shards: dispatch.shards,
  });
  cleanUpInReverse(scope, () => door.close());
  const driver = newId('driver');
  const profile = {
    ...{ driver, vehicle: newId('vehicle'), vehicleKind: 'bicycle', skills: [] },
    capacity: { parcels: 40, volumeMl: 800_000, weightG: 200_000 },
  } as const;
  const deed = { kind: 'duty', duty: 'available', profile, at: placeOf(CENTRE.lat, CENTRE.lon) };
  const presence = { gateway: 'nowhere', session: 1 };
  const atMs = Math.round(door.clock.zoneMs());
  const command = { type: 'driver.acted', driver, action: 1, deed, atMs, presence } as const;
  assert.equal(await door.append({ zone: city.zone, command: command as never }), 'ok');
  return driver;
}

async function endOf(
  databases: Readonly<Record<Participant, Database>>,
  { id, delivery }: Placed,
): Promise<object> {
  const { orders, inventory, payments, kitchen, deliveries } = databases;
  const saga = await orders.knex('sagas').where({ order_id: id }).first();
  const order = await orders.knex('orders').where({ id }).first();
  const history: { type: string }[] = await orders
    .knex('order_events')
    .where({ order_id: id })
    .whereNot({ type: 'timer' })
    .orderBy('id');
  const payment = await payments.knex('payments').where({ order_id: id }).first();
  const stock = await inventory.knex('reservations').where({ order: id }).first();
  const ticket = await kitchen.knex('tickets').where({ order_id: id }).first();
  const carried = await deliveries.knex('deliveries').where({ id: delivery }).first();
  const timers = await orders.knex('timers').where({ order_id: id });
  return {
    saga: [saga.step, saga.state, saga.stock, saga.payment, saga.parcel],
    money: [saga.captured_minor, saga.refunded_minor],
    order: [order.state, order.reason, order.ended_ms !== null],
    history: history.map(({ type }) => type).sort(),
    payment: [payment?.state, payment?.captured_minor, payment?.refunded_minor],
    stock: stock?.state,
    ticket: ticket?.state,
    delivery: carried?.state,
    timers: timers.length,
  };
}
