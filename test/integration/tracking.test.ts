/** Stored traces: who carried it when, and only while they did. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import type { DeliveryChanged } from '../../contracts/messages/deliveries.ts';
import { openDoor } from '../../dispatch/redis/door.ts';
import { openDatabase } from '../../platform/database.ts';
import { handleOnce } from '../../platform/service-streams.ts';
import { archiveEnded, follow, storePoints } from '../../services/tracking/archive.ts';
import { traceOf } from '../../services/tracking/queries.ts';
import { decodeTrace } from '../../services/tracking/trace-codec.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { withRedis } from '../support/redis.ts';
import { cleanUpInReverse } from '../support/scope.ts';

test('a trace holds the points of everybody who carried the delivery, while they did', async (t) => {
  const redis = await withRedis(t);
  const config = testConfig({ redis, database: await withDatabase(t) });
  const database = openDatabase('tracking', config.database.tracking);
  cleanUpInReverse(t, () => database.close());
  const door = await openDoor({ redisUrl: redis.url, keyPrefix: redis.prefix, shards: 1 });
  cleanUpInReverse(t, () => door.close());

  const [delivery, ada, bob] = [newId('delivery'), newId('driver'), newId('driver')];
  const startMs = Math.round(door.clock.hostMs()) - 60_000;
  const point = (driver: typeof ada, second: number) => ({
    driver,
    latE7: 525_200_000 + second,
    lonE7: 134_000_000,
    fixMs: startMs + second * 1_000,
  });
  for (let second = 0; second < 40; second++) {
    await door.appendTraces([point(ada, second), point(bob, second)]);
  }
  while (await storePoints(database, door));

  let index = 0;
  const change = (second: number, part: Partial<DeliveryChanged>) => ({
    id: newId('event'),
    correlation: null,
    event: {
      type: 'delivery.changed',
      ...{ delivery, account: 'acc', externalId: 'x', customer: null, zone: newId('zone') },
      state: 'assigned',
      driver: null,
      atMs: door.clock.zoneMsAt(startMs + second * 1_000),
      reason: null,
      version: [1, 1, index++],
      ...part,
    } satisfies DeliveryChanged,
  });
  const events = [
    change(5, { driver: ada }),
    change(10, { state: 'pending' }),
    change(20, { driver: bob }),
    change(22, { state: 'picked_up', driver: bob }),
    change(30, { state: 'delivered', driver: bob }),
  ];
  // A second arrival is news to nobody.
  for (let times = 0; times < 2; times++) {
    await handleOnce(database, 'tracking', events, (trx, news) => follow(trx, door, news));
  }
  await archiveEnded(database, startMs + 60_000);

  const stored = await traceOf(database.knex, delivery);
  assert.ok(stored);
  const seconds = decodeTrace(stored.data).map(({ atMs }) => Math.round((atMs - startMs) / 1_000));
  const span = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => from + n);
  assert.deepEqual(seconds, [...span(5, 10), ...span(20, 30)]);
});
