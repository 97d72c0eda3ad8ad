/** What services ask of deliveries by stream: in batches, again, too late, and where nobody drives. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type DeliveryId, newId } from '../../contracts/ids.ts';
import type { DeliveryChanged, DeliveryWanted } from '../../contracts/messages/deliveries.ts';
import { type Door, openDoor } from '../../dispatch/redis/door.ts';
import { createTokens } from '../../platform/auth/tokens.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { rememberLeavers } from '../../platform/erasure.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { handleOnce } from '../../platform/service-streams.ts';
import type { DeliveriesDeps } from '../../services/deliveries/creation.ts';
import { FORGETTING } from '../../services/deliveries/erasure.ts';
import { createPins } from '../../services/deliveries/proofs/proof-pins.ts';
import { follow } from '../../services/deliveries/requests.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { eraseNow } from '../support/erasure.ts';
import { outboxEvents } from '../support/outbox.ts';
import { withRedis } from '../support/redis.ts';
import { cleanUpInReverse } from '../support/scope.ts';

const CENTRE = { lat: 52.52, lon: 13.4 };
const account = newId('account');
const customer = newId('user');
const vendor = newId('vendor');
const zone = newId('zone');

interface Desk {
  readonly database: Database;
  readonly door: Door;
  ask(events: readonly EventEntry['event'][]): Promise<void>;
  told(): Promise<DeliveryChanged[]>;
}

async function openDesk(t: TestContext): Promise<Desk> {
  const redis = await withRedis(t);
  const config = testConfig({ redis, database: await withDatabase(t) });
  const database = openDatabase('deliveries', config.database.deliveries);
  cleanUpInReverse(t, () => database.close());
  const door = await openDoor({ redisUrl: redis.url, keyPrefix: redis.prefix, shards: 2 });
  cleanUpInReverse(t, () => door.close());
  const ring = [
    [13, 52],
    [14, 52],
    [14, 53],
    [13, 53],
    [13, 52],
  ];
  await door.putZone({
    ...{ id: zone, market: newId('market'), name: 'Z', shard: 1, version: 1, currency: 'EUR' },
    ...{ timeZone: 'UTC', polygon: { type: 'Polygon', coordinates: [ring] } },
  });
  const deps: DeliveriesDeps = {
    database,
    door: async () => door,
    signer: createTokens(config.auth),
    trackingLinkMs: 60_000,
    publicUrl: 'http://127.0.0.1',
    wakeRelay: () => {},
    pins: createPins(config.auth.keys),
  };
  let count = 0;
  return {
    database,
    door,
    ask: (events) =>
      handleOnce(
        database,
        'deliveries',
        events.map((event) => ({ id: `e${++count}`, correlation: null, event })) as never,
        (trx, entries) => follow(deps, trx, entries as never),
      ),
    async told() {
      const entries = await outboxEvents(database);
      await database.knex('outbox').delete();
      return entries.map(({ event }) => event as DeliveryChanged);
    },
  };
}

function wanted(id: DeliveryId = newId('delivery'), pickup = CENTRE): DeliveryWanted {
  return {
    ...{ type: 'delivery.wanted', id, account, externalId: newId('order'), customer, vendor },
    ...{
      pickup,
      dropoff: { lat: pickup.lat + 0.0123, lon: pickup.lon + 0.0012 },
      pickupName: 'Noodles',
    },
    ...{ placedMs: 1_000, readyMs: 2_000 },
  };
}

const unwanted = (id: DeliveryId) =>
  ({ type: 'delivery.unwanted', id, code: 'cancelled_by_customer', fault: 'customer' }) as const;

test('two hundred at once take as many statements as two, and each is there once', async (t) => {
  const { database, ask } = await openDesk(t);
  const statements = async (events: readonly DeliveryWanted[]): Promise<number> => {
    let count = 0;
    const onQuery = (): void => {
      count++;
    };
    database.knex.on('query', onQuery);
    await ask(events);
    database.knex.removeListener('query', onQuery);
    return count;
  };
  const many = Array.from({ length: 200 }, () => wanted());
  assert.equal(await statements(many), await statements([wanted(), wanted()]));
  await ask(many);
  const [row] = await database.knex('commands').count('* AS count');
  assert.equal(Number(row?.count), 202);
  const commands = await database.knex('commands').where({ delivery: many[7]?.id });
  const { zone: in_, shard, number, command } = commands[0];
  assert.deepEqual([in_, shard, number, command.request.id], [zone, 1, 1, many[7]?.id]);
});

test('where no zone serves the pickup any more the delivery ends, and says so again', async (t) => {
  const { ask, told, database } = await openDesk(t);
  const lost = wanted(undefined, { lat: 0, lon: 0 });
  const good = wanted();
  await ask([lost, good]);
  const [end, ...rest] = await told();
  assert.deepEqual(
    [end?.delivery, end?.externalId, end?.state, end?.reason, rest.length],
    [
      lost.id,
      lost.externalId,
      'failed',
      { code: 'zone_closed', stage: 'pending', fault: 'platform' },
      0,
    ],
  );
  assert.deepEqual(await database.knex('commands').pluck('delivery'), [good.id]);
  await ask([lost, good, unwanted(lost.id)]);
  const again = await told();
  assert.deepEqual(
    again.map(({ delivery, version }) => [delivery, version]),
    [
      [lost.id, [0, 0, 1]],
      [lost.id, [0, 0, 1]],
    ],
  );
});

test('what is called off before it is asked for is cancelled when it comes', async (t) => {
  const { ask, told, database } = await openDesk(t);
  const late = wanted();
  await ask([unwanted(late.id), unwanted(late.id)]);
  assert.deepEqual(await told(), []);
  await ask([late]);
  const [end] = await told();
  assert.deepEqual([end?.state, end?.reason?.code], ['cancelled', 'cancelled_by_customer']);
  assert.deepEqual(await database.knex('commands').pluck('delivery'), []);
});

test('a cancel follows its request, once, and a ready time before it', async (t) => {
  const { ask, database } = await openDesk(t);
  const one = wanted();
  const ready = { type: 'delivery.ready_at', id: one.id, readyMs: 9_000 } as const;
  await ask([one, ready, unwanted(one.id)]);
  await ask([unwanted(one.id), ready]);
  const commands = await database.knex('commands').orderBy('number');
  assert.deepEqual(
    commands.map(({ number, command }) => [number, command.number, command.type]),
    [
      [1, 1, 'delivery.request'],
      [2, 2, 'delivery.ready'],
      [3, 3, 'delivery.cancel'],
    ],
  );
  const [row] = await database.knex('deliveries').where({ id: one.id });
  assert.equal(row.last_command, 3);
});

test('who leaves is forgotten: notes and doors of what has ended, and of the rest when it ends', async (t) => {
  const { ask, database } = await openDesk(t);
  const [ended, open] = [wanted(), { ...wanted(), dropoffNote: 'Behind the red door' }];
  await ask([{ ...ended, dropoffNote: 'Ring twice' }, open]);
  const { knex } = database;
  await knex('deliveries').where({ id: ended.id }).update({ state: 'delivered', ended_ms: 5 });
  const left = { type: 'user.deleted', user: customer, role: 'customer', account, driver: null };
  const entry = { id: 'u1', correlation: null, event: { ...left, atMs: 1 } } as const;
  await database.transaction((trx) => rememberLeavers(trx, [entry, entry] as never));
  await eraseNow(database, FORGETTING);
  const noteOf = async (id: DeliveryId) =>
    (await knex('deliveries').where({ id }).first()).dropoff_note;
  assert.equal(await noteOf(ended.id), null);
  assert.equal(await noteOf(open.id), 'Behind the red door');
  const row = await knex('deliveries').where({ id: ended.id }).first();
  const command = await knex('commands').where({ delivery: ended.id }).first();
  for (const { dropoff, pickup } of [row.request, command.command.request]) {
    assert.deepEqual([dropoff.latE7, dropoff.lonE7], [525_300_000, 134_000_000]);
    assert.deepEqual([pickup.latE7, pickup.lonE7], [525_200_000, 134_000_000]);
  }
  await knex('deliveries').where({ id: open.id }).update({ state: 'delivered', ended_ms: 6 });
  await eraseNow(database, FORGETTING);
  assert.equal(await noteOf(open.id), null);
});
