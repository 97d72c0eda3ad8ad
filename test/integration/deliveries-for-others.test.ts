/** A shop with its own order system: nothing but an API key, from the quote to the last webhook. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryId } from '../../contracts/ids.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Answer } from './business-stack.ts';
import { CENTRE, expectOk, register } from './city.ts';
import { carryToDoor, onDuty, registerDriver, untilState, withTown } from './phone.ts';
import { startReceiver } from './webhook-receiver.ts';

const SLOW = { timeoutMs: 30_000 };
const SCOPES = ['deliveries:read', 'deliveries:write', 'webhooks:read', 'webhooks:write'];

test('a shop quotes, asks, is told every state in order, shows the way, and hears it again', async (t) => {
  const receiver = await startReceiver(t);
  const town = await withTown(t, { WAGGLE_WEBHOOK_INSECURE: 'allow' });
  const { stack } = town;
  const vendor = await register(stack, 'vendor');
  const name = { name: 'order system', scopes: SCOPES };
  const key = expectOk(await stack.call('POST', '/api-keys', { token: vendor, body: name }));
  const call = (method: string, path: string, body?: object): Promise<Answer> =>
    stack.call(method, path, { token: String(key.secret), ...(body ? { body } : {}) });

  const webhook = expectOk(await call('POST', '/webhooks', { url: receiver.url }));
  receiver.secret = String(webhook.secret);
  const hook = `/webhooks/${String(webhook.id)}`;
  assert.equal(expectOk(await call('POST', `${hook}/ping`, {})).status, 200);

  const way = { pickup: CENTRE, dropoff: { lat: CENTRE.lat + 0.004, lon: CENTRE.lon } };
  const quote = expectOk(await call('POST', '/quotes', { ...way, readyInSeconds: 0 }));
  const wanted = { ...way, externalId: 'shop-4711', quote: quote.id, readyInSeconds: 0 };
  const made = expectOk(await call('POST', '/deliveries', wanted));
  const delivery = made.delivery as { id: DeliveryId; feeMinor: number; externalId: string };
  assert.deepEqual([delivery.feeMinor, delivery.externalId], [quote.feeMinor, 'shop-4711']);

  const phone = await onDuty(t, town, await registerDriver(town));
  await carryToDoor(phone, delivery.id);
  await phone.delivered(delivery.id);
  await untilState(town, delivery.id, 'delivered');

  const states = ['pending', 'assigned', 'at_pickup', 'picked_up', 'at_dropoff', 'delivered'];
  await waitFor(() => receiver.taken().length >= states.length, { ...SLOW, what: 'all webhooks' });
  const told = receiver.taken();
  assert.deepEqual(
    told.map(({ number, delivery: { state } }) => [number, state]),
    states.map((state, at) => [at + 1, state]),
  );
  assert.ok(receiver.received.every(({ isSigned }) => isSigned));
  const last = told.at(-1)?.delivery;
  assert.deepEqual([last?.externalId, last?.reason?.code], ['shop-4711', 'completed']);
  const times = [last?.placedAt, last?.assignedAt, last?.pickedUpAt, last?.deliveredAt].map(String);
  assert.deepEqual(times, times.toSorted());

  // The link in the webhook is one that a customer's browser may follow.
  const link = await fetch(String(last?.trackingUrl), { redirect: 'manual' });
  assert.ok([200, 302].includes(link.status), String(link.status));
  const token = String(last?.trackingUrl).split('/').at(-1);
  const view = expectOk(await stack.call('GET', `/track/${token}`));
  assert.deepEqual([view.delivery, view.state], [delivery.id, 'delivered']);

  const since = new Date(Date.now() - 3_600_000).toISOString();
  await waitFor(async () => {
    const list = expectOk(await call('GET', `${hook}/messages?state=waiting`));
    return (list.items as unknown[]).length === 0;
  });
  assert.equal(expectOk(await call('POST', `${hook}/redeliver`, { since })).count, states.length);
  await waitFor(() => receiver.taken().length === 2 * states.length, SLOW);
  assert.deepEqual(
    receiver
      .taken()
      .slice(states.length)
      .map(({ id }) => id),
    told.map(({ id }) => id),
  );
});
