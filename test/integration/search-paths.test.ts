/** Searching the tables: what is found, in which order, and that questions are nothing but data. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cityShops } from '../../bench/support/search-city.ts';
import { loadShops } from '../../bench/support/search-load.ts';
import type { SearchAnswer, SearchQuery } from '../../contracts/api/search.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { findAnswer, type SearchPath } from '../../services/search/found.ts';
import { readQuestion } from '../../services/search/question.ts';
import { createSqlPath } from '../../services/search/sql-path.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import type { Scope } from '../support/scope.ts';

const NOW_MS = Date.UTC(2026, 10, 18, 18, 0);
const SHOPS = 400;

const cleanUps: (() => Promise<void> | void)[] = [];
const scope: Scope = {
  after: (cleanUp) => {
    cleanUps.push(cleanUp);
  },
};

let database: Database;
let path: SearchPath;
const shops = [...cityShops(SHOPS)];

function ask(query: Partial<SearchQuery>): Promise<SearchAnswer> {
  return findAnswer(path, readQuestion(query as SearchQuery, NOW_MS));
}

describe('searching the tables', () => {
  before(async () => {
    const { url } = await withDatabase(scope);
    database = openDatabase('search', testConfig({ database: { url } }).database.search);
    await loadShops(database, shops, NOW_MS);
    path = createSqlPath(database);
  });
  after(async () => {
    await database.close();
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  test('finds a vendor by its name', async () => {
    const shop = shops.find(({ vendor }) => vendor.vendor.state === 'approved');
    const { items } = await ask({
      q: shop?.vendor.vendor.name ?? '',
      facets: true,
      lat: 40.7,
      lon: -74,
    });
    assert.ok(
      items.some(({ id }) => id === shop?.vendor.vendor.id),
      JSON.stringify(items[0]),
    );
  });
});
