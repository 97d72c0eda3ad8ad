/** What the platform's own transactions and named statements promise. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Database, openDatabase, type Transaction } from '../../platform/database.ts';
import { afterCommit } from '../../platform/transactions.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { cleanUpInReverse } from '../support/scope.ts';

async function words(t: TestContext): Promise<Database> {
  const config = testConfig({ database: await withDatabase(t) });
  const database = openDatabase('orders', config.database.orders);
  cleanUpInReverse(t, () => database.close());
  await database.knex.raw('CREATE TABLE words (word text PRIMARY KEY)');
  return database;
}

const known = (database: Database): Promise<string[]> =>
  database.knex('words').orderBy('word').pluck('word');

test('a transaction writes all or nothing', async (t) => {
  const database = await words(t);
  const told: string[] = [];
  await database.transaction(async (trx) => {
    afterCommit(trx, () => told.push('first'));
    await trx('words').insert({ word: 'a' });
    await trx.raw('INSERT INTO words VALUES (?)', ['b']);
  });
  const failing = database.transaction(async (trx) => {
    afterCommit(trx, () => told.push('second'));
    await trx('words').insert({ word: 'c' });
    throw new Error('no');
  });
  await assert.rejects(failing, /^Error: no$/);
  assert.deepEqual(await known(database), ['a', 'b']);
  assert.deepEqual(told, ['first']);
});

test('within a transaction a part may fail and be undone alone', async (t) => {
  const database = await words(t);
  await database.transaction(async (trx) => {
    await trx('words').insert({ word: 'a' });
    const part = trx.transaction((inner) => inner('words').insert({ word: 'a' }));
    await assert.rejects(part, /duplicate key/);
    await trx('words').insert({ word: 'b' });
  });
  assert.deepEqual(await known(database), ['a', 'b']);
});

test('a failure that was not passed on does not look like a success', async (t) => {
  const database = await words(t);
  const silent = database.transaction(async (trx) => {
    await trx('words').insert({ word: 'a' });
    await trx.raw('SELECT 1 / 0').catch(() => {});
  });
  await assert.rejects(silent, /nothing was written/);
  assert.deepEqual(await known(database), []);
});

test('what a transaction did not wait for is refused, and reaches no other transaction', async (t) => {
  const database = await words(t);
  let kept: Transaction | undefined;
  await database.transaction(async (trx) => {
    kept = trx;
  });
  await assert.rejects(async () => kept?.raw('SELECT 1'), /the transaction is done/);
});

test('two transactions at once do not see each other', async (t) => {
  const database = await words(t);
  await database.transaction(async (one) => {
    await one('words').insert({ word: 'a' });
    await database.transaction(async (other) => {
      assert.deepEqual(await other('words').pluck('word'), []);
      await other('words').insert({ word: 'b' });
    });
    assert.deepEqual(await one('words').orderBy('word').pluck('word'), ['a', 'b']);
  });
});

test('a statement that has a name goes on when a migration changes what it answers', async (t) => {
  const database = await words(t);
  const read = () =>
    database.transaction(async (trx) => {
      await trx('words').insert({ word: `${Math.random()}` });
      const { rows } = await trx.raw('SELECT * FROM words WHERE word > ? LIMIT 1', ['']);
      return Object.keys(rows[0]);
    });
  for (let i = 0; i < 20; i++) assert.deepEqual(await read(), ['word']);
  const named = await database.knex.raw('SELECT count(*)::int AS n FROM pg_prepared_statements');
  assert.ok(named.rows[0].n > 0);
  await database.knex.raw('ALTER TABLE words ADD COLUMN meaning text');
  assert.deepEqual(await read(), ['word', 'meaning']);
});
