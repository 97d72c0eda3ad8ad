/** Group commit: what waits together is written together, and each request keeps its own outcome. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WaggleError } from '../../contracts/errors.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import { FreshCache } from '../../services/orders/carts/fresh-cache.ts';
import { PlacementBatch, type WriteBatch } from '../../services/orders/carts/placement-batch.ts';
import type { Placement } from '../../services/orders/carts/placement-writing.ts';
import { reasonOf } from '../../services/orders/carts/refusals.ts';

const placement = (key: string): Placement => ({
  ...{ owner: 'usr', key, requestHash: key, answer: { key }, correlation: 'c' },
  ...{ orders: [], uses: [] },
});

/** A database whose transactions end when they are let go. */
class Desk {
  readonly batches: string[][] = [];
  readonly #held: (() => void)[] = [];
  write: WriteBatch = async (_trx, placements) => placements.map(({ answer }) => ({ answer }));

  readonly database: Pick<Database, 'transaction'> = {
    transaction: async (work) => {
      const result = await work({} as Transaction);
      await new Promise<void>((resolve) => this.#held.push(resolve));
      return result;
    },
  };

  batch(): PlacementBatch {
    return new PlacementBatch(this.database, async (trx, placements) => {
      this.batches.push(placements.map(({ key }) => key));
      return this.write(trx, placements);
    });
  }

  /** Lets transactions end until all of `promises` are settled. */
  async settle<T>(promises: readonly Promise<T>[]): Promise<PromiseSettledResult<T>[]> {
    let isDone = false;
    const all = Promise.allSettled(promises).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      for (const release of this.#held.splice(0)) release();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return all;
  }
}

describe('placements', () => {
  test('that come while others are written share the next transaction', async () => {
    const desk = new Desk();
    const batch = desk.batch();
    const answers = ['a', 'b', 'c', 'd', 'e'].map((key) => batch.place(placement(key)));
    const settled = await desk.settle(answers);
    assert.deepEqual(desk.batches, [['a'], ['b', 'c', 'd', 'e']]);
    assert.ok(settled.every(({ status }) => status === 'fulfilled'));
  });

  test('with one key are never in one transaction', async () => {
    const desk = new Desk();
    const batch = desk.batch();
    await desk.settle(['a', 'a', 'a', 'b'].map((key) => batch.place(placement(key))));
    assert.deepEqual(desk.batches, [['a'], ['a', 'b'], ['a']]);
  });

  test('keep an outcome of their own, and a poisoned one fails alone', async () => {
    const desk = new Desk();
    desk.write = async (_trx, placements) => {
      if (placements.some(({ key }) => key === 'poison')) throw new Error('cannot be written');
      return placements.map(({ key, answer }) =>
        key === 'refused' ? { error: new WaggleError('promotion.refused') } : { answer },
      );
    };
    const batch = desk.batch();
    const keys = ['a', 'b', 'c', 'poison', 'refused', 'd'];
    const settled = await desk.settle(keys.map((key) => batch.place(placement(key))));
    const failed = keys.filter((_, index) => settled[index]?.status === 'rejected');
    assert.deepEqual(failed, ['poison', 'refused']);
  });

  test('fail together, to be sent again, when the database is away', async () => {
    const desk = new Desk();
    desk.write = async () => {
      throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    };
    const batch = desk.batch();
    const settled = await desk.settle(
      ['a', 'b', 'c', 'd'].map((key) => batch.place(placement(key))),
    );
    assert.ok(settled.every(({ status }) => status === 'rejected'));
    assert.equal(desk.batches.length, 2);
  });
});

test('reasons of refusals are a few words, never what was sent', () => {
  const invalid = (field: string): WaggleError =>
    new WaggleError('request.invalid', undefined, [{ field, expected: '' }]);
  assert.equal(reasonOf(invalid('/items/3/product')), 'request.invalid:product');
  assert.equal(reasonOf(invalid('/items/3/options/1')), 'request.invalid:options');
  assert.equal(reasonOf(invalid('/<script>')), 'request.invalid');
  assert.equal(reasonOf(new WaggleError('vendor.closed')), 'vendor.closed');
});

test('what is remembered is loaded once, forgotten in time, and asked anew on demand', async () => {
  let nowMs = 0;
  let loads = 0;
  const cache = new FreshCache<number>({ keptMs: 100, entriesMax: 2, nowMs: () => nowMs });
  const get = (key: string, sinceMs?: number) => cache.get(key, async () => ++loads, sinceMs);
  assert.deepEqual(await Promise.all([get('a'), get('a')]), [1, 1]);
  nowMs = 50;
  assert.equal(await get('a'), 1);
  assert.equal(await get('a', 50), 2);
  assert.equal(await cache.get('a', async (before) => before ?? 0, 51), 2);
  nowMs = 151;
  assert.equal(await get('a'), 3);
  cache.drop('a');
  assert.equal(await get('a'), 4);
  await get('b');
  await get('c');
  assert.equal(await get('a'), 7);
  await assert.rejects(cache.get('x', () => Promise.reject(new Error('away'))));
  assert.equal(await get('x'), 8);
});
