/** From the click to the mailbox: an order placed over REST reaches the engine's mailbox once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, withStack } from './business-stack.ts';
import { makeCity, placeOrder } from './city.ts';

test('an order placed over REST stands in the mailbox of its zone', async (t) => {
  const stack = await withStack(t, [...BUSINESS.filter((s) => s !== 'tracking'), 'api']);
  const city = await makeCity(stack);
  const order = await placeOrder(stack, city, 'key-00000001');
  assert.equal(order.status, 201);
  const again = await placeOrder(stack, city, 'key-00000001');
  assert.deepEqual(again.body, order.body);
  const redis = (await withRedis(t)).connect();
  const keys = await redis.keys(`${stack.config.redis.keyPrefix}*`);
  console.error(keys);
  const entries = await waitFor(async () => {
    const found = await Promise.all(
      keys.filter((k) => k.endsWith('mailbox')).map((k) => redis.xrange(k, '-', '+')),
    );
    const flat = JSON.stringify(found);
    return flat.includes('delivery.request') ? flat : undefined;
  });
  console.error(entries.slice(0, 3000));
});
