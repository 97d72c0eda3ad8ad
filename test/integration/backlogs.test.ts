/** Backlogs are worked off also when the database's statistics are of a quiet hour. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import { openDatabase } from '../../platform/database.ts';
import { takeDue } from '../../services/webhooks/sending-queries.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { cleanUpInReverse } from '../support/scope.ts';

test('twenty thousand webhook messages wait, and the first are taken', async (t) => {
  const config = testConfig({ database: await withDatabase(t) });
  const database = openDatabase('webhooks', config.database.webhooks);
  cleanUpInReverse(t, () => database.close());
  const { knex } = database;
  const webhook = newId('webhook');
  await knex('webhooks').insert({
    ...{ id: webhook, account: newId('account'), url: 'https://shop.example', description: '' },
    ...{ events: ['delivery.changed'], secret: 's' },
  });
  await knex.raw('ALTER TABLE messages SET (autovacuum_enabled = false)');
  await knex.raw('ANALYZE messages');
  await knex.raw(
    `INSERT INTO messages (id, webhook, delivery, number, delivery_state, body, state, give_up_at)
     SELECT 'msg_' || n, ?, 'del_' || n / 2, n % 2, 'pending', '{}', 'waiting', now() + interval '1 day'
       FROM generate_series(1, 20000) n`,
    [webhook],
  );
  const taking = { underWay: {}, countMax: 256, singleAfter: 10, reservedMs: 60_000 };
  // Looking at all of them for each of them would not end within the time-out of a statement.
  const due = await takeDue(database, { ...taking, perWebhookMax: 40 });
  assert.equal(due.length, 40);
  // Of each delivery the first: number 1 of the very first one, whose number 0 was never made.
  assert.ok(due.every(({ delivery, number }) => number === 0 || delivery === 'del_0'));
});
