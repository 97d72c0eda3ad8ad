/** A vendor's board over REST: its own tickets, legal moves, its capacity, and what others are told. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { type AccountId, newId, type VendorId } from '../../contracts/ids.ts';
import {
  KITCHEN_REQUESTS,
  KITCHEN_STREAM,
  type KitchenAsked,
  type TicketChanged,
  type TicketOpen,
} from '../../contracts/messages/kitchen.ts';
import { ORDER_STREAM } from '../../contracts/messages/orders.ts';
import { VENDOR_REQUESTS, type VendorThrottle } from '../../contracts/messages/vendors.ts';
import { openDatabase } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { connectRedis } from '../../platform/redis.ts';
import { createEventPublisher } from '../support/event-publisher.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, type Stack, withStack } from './business-stack.ts';
import { CENTRE, expectOk, register } from './city.ts';

const scope = sharedScope();

interface TicketBody {
  readonly id: string;
  readonly order: string;
  readonly state: string;
  readonly readyAt: string | null;
  readonly version: number;
}

describe('the board of a kitchen', () => {
  let stack: Stack;
  let redis: Redis;
  let token: string;
  let account: AccountId;

  before(async () => {
    stack = await withStack(scope, [...BUSINESS, 'api']);
    token = await register(stack, 'vendor');
    redis = connectRedis(stack.config.redis.url, 'kitchen-test');
    scope.after(() => redis.disconnect());
  });

  const publish = async (name: string, ...events: object[]): Promise<void> => {
    const key = `${stack.config.redis.keyPrefix}${name}`;
    const stream = createEventPublisher({ redis, key, entriesMax: 100_000 });
    for (const event of events) {
      await stream.publish({ id: newId('event'), correlation: null, event });
    }
  };
  const read = async <T>(name: string): Promise<T[]> => {
    const entries = await redis.xrange(`${stack.config.redis.keyPrefix}${name}`, '-', '+');
    return entries.map(([, fields]) => (JSON.parse(fields[1] ?? '') as EventEntry<T>).event);
  };
  const vendorWith = async (change: object): Promise<VendorId> => {
    const body = { name: 'Ramen', place: CENTRE, timeZone: 'Europe/Berlin', ...change };
    const made = expectOk(await stack.call('POST', '/vendors', { token, body }));
    account = String(made.account) as AccountId;
    return String(made.id) as VendorId;
  };
  const list = async (vendor: string, query = ''): Promise<TicketBody[]> => {
    const path = `/vendors/${vendor}/tickets?limit=200${query}`;
    return expectOk(await stack.call('GET', path, { token })).items as TicketBody[];
  };
  /** The kitchen hears of a vendor by stream: what is opened before that is accepted by itself. */
  const openAt = async (vendor: VendorId, count: number, state: string): Promise<TicketOpen[]> => {
    await waitFor(async () => (await list(vendor)).length === 0);
    const asked = Array.from({ length: count }, () => open(vendor, account));
    await publish(KITCHEN_REQUESTS, ...asked);
    await waitFor(async () => (await list(vendor, `&state=${state}`)).length === count);
    return asked;
  };
  const move = (
    id: string,
    name: string,
    body: object = {},
    who = token,
  ): ReturnType<Stack['call']> =>
    stack.call('POST', `/tickets/${id}/${name}`, { token: who, body });

  test('a ticket waits for its vendor, who accepts, starts, delays and finishes it', async () => {
    const vendor = await vendorWith({ autoAccept: false });
    await known(vendor);
    const [asked] = await openAt(vendor, 1, 'open');
    const [{ id } = { id: '' }] = await list(vendor, '&live=true');
    assert.equal((await move(id, 'start')).status, 409);
    const accepted = expectOk(await move(id, 'accept', { readyInSeconds: 900 }));
    assert.deepEqual([accepted.state, accepted.version], ['accepted', 2]);
    assert.equal(expectOk(await move(id, 'accept', { readyInSeconds: 900 })).version, 2);
    expectOk(await move(id, 'start'));
    const delayed = expectOk(await move(id, 'delay', { readyInSeconds: 1_800 }));
    assert.equal(delayed.delayed, true);
    const ready = expectOk(await move(id, 'ready'));
    assert.deepEqual([ready.state, ready.estimateAt], ['ready', accepted.readyAt]);
    const late = await move(id, 'reject', { code: 'other' });
    assert.deepEqual([late.status, late.body.code], [409, 'resource.conflict']);
    const told = await waitFor(async () => {
      const all = await read<TicketChanged>(KITCHEN_STREAM);
      const events = all.filter(({ order }) => order === asked?.order);
      return events.at(-1)?.state === 'ready' && events;
    });
    assert.deepEqual(
      told.map(({ state, version }) => [state, version]),
      [
        ['open', 1],
        ['accepted', 2],
        ['started', 3],
        ['started', 4],
        ['ready', 5],
      ],
    );
    await publish(ORDER_STREAM, orderChanged(asked?.order ?? '', vendor, 'on_the_way'));
    await waitFor(async () => (await list(vendor, '&live=true')).length === 0);
  });

  test('nobody but its account and ops sees or moves it', async () => {
    const vendor = await vendorWith({ autoAccept: false });
    await known(vendor);
    await openAt(vendor, 1, 'open');
    const [{ id } = { id: '' }] = await list(vendor);
    const stranger = await register(stack, 'vendor');
    const answers = [
      await stack.call('GET', `/vendors/${vendor}/tickets`, { token: stranger }),
      await stack.call('GET', `/tickets/${id}`, { token: stranger }),
      await move(id, 'accept', {}, stranger),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404, 404],
    );
    const ops = await stack.operator();
    assert.equal((await stack.call('GET', `/tickets/${id}`, { token: ops })).status, 200);
    const rejected = expectOk(
      await move(id, 'reject', { code: 'item_unavailable', text: 'no <b>eggs</b>' }, ops),
    );
    assert.deepEqual(rejected.reason, { code: 'item_unavailable', text: 'no <b>eggs</b>' });
  });

  test('a full window puts tickets off, then rejects; vendors hear until when', async () => {
    const vendor = await vendorWith({
      capacity: {
        ...{ tickets: 50, windowSeconds: 60 },
        windows: [
          {
            ...{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' },
            ...{ tickets: 2, windowSeconds: 1_800 },
          },
        ],
      },
      prepareSeconds: 600,
    });
    await known(vendor);
    const asked = Array.from({ length: 9 }, () => open(vendor, account));
    await publish(KITCHEN_REQUESTS, ...asked);
    const all = await waitFor(async () => {
      const tickets = await list(vendor);
      return tickets.length === 9 && tickets;
    });
    const accepted = all.filter(({ state }) => state === 'accepted');
    // Two in the window of the wanted time, two in each that begins within 45 minutes of it.
    assert.ok(accepted.length >= 4 && accepted.length <= 6, String(accepted.length));
    const perWindow = Map.groupBy(accepted, ({ readyAt }) =>
      Math.floor(Date.parse(readyAt ?? '') / 1_800_000),
    );
    for (const tickets of perWindow.values()) assert.ok(tickets.length <= 2);
    const throttle = await waitFor(async () =>
      (await read<VendorThrottle>(VENDOR_REQUESTS)).findLast((event) => event.vendor === vendor),
    );
    assert.ok((throttle.untilMs ?? 0) > (asked.at(-1)?.wantedReadyMs ?? 0));
    const vendors = openDatabase('vendors', stack.config.database.vendors);
    scope.after(() => vendors.close());
    await waitFor(
      () =>
        vendors.knex('vendors').where({ id: vendor, throttled_until_ms: throttle.untilMs }).first(),
      { what: 'vendors to have heard of the full kitchen' },
    );
    const first = accepted.toSorted((a, b) => ((a.readyAt ?? '') < (b.readyAt ?? '') ? -1 : 1))[0];
    const order = first?.order ?? '';
    await publish(KITCHEN_REQUESTS, { type: 'ticket.cancel', order, reason: 'called off' });
    await waitFor(
      async () =>
        (await read<VendorThrottle>(VENDOR_REQUESTS)).findLast((event) => event.vendor === vendor)
          ?.version ===
        throttle.version + 1,
    );
  });

  /** Waits until the kitchen has heard of a vendor: its capacity and whether it accepts by itself. */
  async function known(vendor: VendorId): Promise<void> {
    const key = `${stack.config.redis.keyPrefix}events:vendors`;
    await waitFor(async () => {
      const entries = await redis.xrange(key, '-', '+');
      const entry = entries.find(([, fields]) => fields[1]?.includes(vendor));
      const groups = (await redis.xinfo('GROUPS', key)) as unknown[][];
      const kitchen = groups.find((fields) => fields.includes('kitchen')) ?? [];
      const read = String(kitchen[kitchen.indexOf('last-delivered-id') + 1]);
      const pending = Number(kitchen[kitchen.indexOf('pending') + 1]);
      const isRead = entry !== undefined && later(read, entry[0]);
      return isRead && pending === 0;
    });
  }
});

function later(a: string, b: string): boolean {
  const [aMs = 0, aSeq = 0] = a.split('-').map(Number);
  const [bMs = 0, bSeq = 0] = b.split('-').map(Number);
  return aMs > bMs || (aMs === bMs && aSeq >= bSeq);
}

function open(vendor: VendorId, account: AccountId): TicketOpen {
  const nowMs = Date.now();
  return {
    type: 'ticket.open',
    order: newId('order'),
    account,
    vendor,
    lines: [{ product: newId('product'), name: 'Ramen', quantity: 2, details: [] }],
    placedMs: nowMs,
    wantedReadyMs: nowMs + 600_000,
    answerByMs: nowMs + 300_000,
  } satisfies KitchenAsked;
}

function orderChanged(order: string, vendor: VendorId, state: string): object {
  const ids = { account: newId('account'), customer: newId('user'), delivery: newId('delivery') };
  return { type: 'order.changed', order, vendor, state, atMs: Date.now(), ...ids };
}
