/**
 * The two ways of searching, over the same made-up city: whatever is asked, the read model answers as
 * the tables do, also after changes; and questions are nothing but data to either.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { seededRandom } from '../../bench/support/city.ts';
import { cityPlaces, cityShops } from '../../bench/support/search-city.ts';
import { loadShops } from '../../bench/support/search-load.ts';
import type { SearchAnswer, SearchQuery } from '../../contracts/api/search.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { followMenus, followStock, followVendors } from '../../services/search/following.ts';
import { findAnswer, type SearchPath } from '../../services/search/found.ts';
import { atTheBeginning, followOnce, loadModel } from '../../services/search/model/feed.ts';
import { createModelPath } from '../../services/search/model/model-path.ts';
import type { ReadModel } from '../../services/search/model/read-model.ts';
import { readQuestion } from '../../services/search/question.ts';
import { createSqlPath } from '../../services/search/sql-path.ts';
import { createTurns } from '../../services/search/turns.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { sharedScope } from '../support/scope.ts';

const NOW_MS = Date.UTC(2026, 10, 18, 18, 0);
const SHOPS = 400;
const QUESTIONS = 150;

const scope = sharedScope();

const shops = [...cityShops(SHOPS)];
const position = atTheBeginning();
let database: Database;
let tables: SearchPath;
let model: ReadModel;
let memory: SearchPath;

function ask(path: SearchPath, query: Partial<SearchQuery>): Promise<SearchAnswer> {
  return findAnswer(path, readQuestion(query as SearchQuery, NOW_MS));
}

/** The answer of both, which is one. */
async function askBoth(query: Partial<SearchQuery>): Promise<SearchAnswer> {
  const [expected, answer] = [await ask(tables, query), await ask(memory, query)];
  assert.deepEqual(answer, expected, JSON.stringify(query));
  return answer;
}

async function catchUp(): Promise<void> {
  while (await followOnce(database.knex, model, position));
}

/** Questions of every kind, drawn by a seed. */
function* questions(count: number, seed: number): Generator<Partial<SearchQuery>> {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const place = cityPlaces(seed);
  const texts = shops.flatMap(({ vendor, menu }) => [
    vendor.vendor.name,
    ...menu.changed.map(({ name }) => name),
  ]);
  for (let n = 0; n < count; n++) {
    const text = pick(texts);
    const q = pick([
      text,
      text.slice(0, 1 + Math.floor(random() * 6)),
      pick(text.split(' ')),
      misspelt(pick(text.split(' ')), random),
      misspelt(text, random),
      `${pick(text.split(' '))} ${pick(pick(texts).split(' '))}`,
      undefined,
    ]);
    const find = q === undefined ? pick(['both', 'vendors'] as const) : pick(FINDS);
    const here = random() < 0.6 ? place() : null;
    yield {
      ...(q === undefined ? {} : { q }),
      find,
      ...(here === null ? {} : { ...here, deliversHere: random() < 0.7 }),
      ...(random() < 0.2 ? { kind: pick(['restaurant', 'grocery', 'shop'] as const) } : {}),
      ...(random() < 0.2 ? { cuisine: pick(['thai', 'italian,mexican', 'none']) } : {}),
      ...(random() < 0.2 ? { priceBand: pick(['1', '2,3', '4']) } : {}),
      ...(random() < 0.2 ? { ratingMin: pick([3, 3.75, 4.5]) } : {}),
      openNow: random() < 0.3,
      sort: here === null ? pick(['relevance', 'rating'] as const) : pick(SORTS),
      facets: random() < 0.5,
      limit: pick([1, 5, 20]),
    };
  }
}
const FINDS = ['both', 'vendors', 'products'] as const;
const SORTS = ['relevance', 'distance', 'eta', 'rating'] as const;

/** One typing error somewhere. */
function misspelt(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const letter = String.fromCharCode(97 + Math.floor(random() * 26));
  const rest = text.slice(at + 1);
  return [
    text.slice(0, at) + rest,
    text.slice(0, at) + letter + text.slice(at),
    text.slice(0, at) + letter + rest,
    text.slice(0, at) + (rest[0] ?? '') + text[at] + rest.slice(1),
  ][Math.floor(random() * 4)] as string;
}

describe('the two ways of searching', () => {
  before(async () => {
    const { url } = await withDatabase(scope);
    database = openDatabase('search', testConfig({ database: { url } }).database.search);
    await loadShops(database, shops, NOW_MS);
    tables = createSqlPath(database);
    model = await loadModel(database.knex, position);
    memory = createModelPath(model);
  });
  after(async () => {
    await database.close();
  });

  test('answer alike, whatever is asked', async () => {
    let items = 0;
    let relaxed = 0;
    for (const query of questions(QUESTIONS, 5)) {
      const answer = await askBoth(query);
      items += answer.items.length;
      relaxed += answer.relaxed ? 1 : 0;
    }
    assert.ok(items > QUESTIONS && relaxed > 0, `${items} items, ${relaxed} relaxed`);
  });

  test('turn pages alike, without repeating or skipping anything', async () => {
    for (const query of questions(30, 6)) {
      const seen: string[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < 6; page++) {
        const asked = { ...query, limit: 4, ...(cursor === undefined ? {} : { cursor }) };
        const { items, next } = await askBoth(asked);
        seen.push(...items.map(({ id }) => id));
        if (next === null) break;
        cursor = next;
      }
      const { cursor: _none, ...first } = { cursor, ...query };
      const { items } = await askBoth({ ...first, limit: 24 });
      assert.deepEqual(
        seen.slice(0, 24),
        items.map(({ id }) => id),
        JSON.stringify(query),
      );
    }
  });

  test('answer alike after vendors moved, paused and closed, and menus and stock changed', async () => {
    const entry = <T>(event: T) => ({ id: '', correlation: null, event });
    const random = seededRandom(9);
    const some = shops.filter(() => random() < 0.3);
    const place = cityPlaces(10);
    await database.transaction(async (trx) => {
      const turnsOf = createTurns();
      const vendors = some.map(({ vendor: { vendor } }, n) => {
        const rating = { average: 4.2, count: 10 };
        const moved = n % 3 === 0 ? { place: place(), area: null } : {};
        const state = n % 5 === 0 ? ('suspended' as const) : ('approved' as const);
        const pause = n % 7 === 0 ? { reason: 'busy', until: null } : null;
        const name = n % 4 === 0 ? `${vendor.name} Reborn` : vendor.name;
        const changed = { ...vendor, rating, ...moved, state, pause, name };
        return entry({ type: 'vendor.changed' as const, vendor: changed, version: 2 });
      });
      await followVendors(trx, vendors, { turnsOf, nowMs: NOW_MS });
      const menus = some.map(({ menu }) =>
        entry({
          ...menu,
          version: 2,
          changed: menu.changed.slice(0, 2).map((each) => ({ ...each, name: `New ${each.name}` })),
          removed: menu.changed.slice(-1).map(({ id }) => id),
        }),
      );
      await followMenus(trx, menus);
      const stock = some.flatMap(({ menu: { vendor, changed } }) =>
        changed.slice(0, 1).map(({ id: product }) =>
          entry({
            ...{ type: 'stock.level' as const, vendor, product, variant: null, version: 1 },
            ...{ level: 'out' as const, available: 0 },
          }),
        ),
      );
      await followStock(trx, stock);
    });
    await catchUp();
    for (const query of questions(QUESTIONS, 11)) await askBoth(query);
    assert.ok((await askBoth({ q: 'reborn', limit: 50 })).items.length > 5);
    const fresh = await loadModel(database.knex, atTheBeginning());
    for (const query of questions(50, 12)) {
      assert.deepEqual(await ask(createModelPath(fresh), query), await ask(memory, query));
    }
  });

  test('take what was told before or is late for nothing new', async () => {
    const before = await askBoth({ q: 'reborn', limit: 50 });
    await loadShops(database, shops, NOW_MS);
    await catchUp();
    assert.deepEqual(await askBoth({ q: 'reborn', limit: 50 }), before);
  });

  test('find nothing in hostile text, and are not harmed by it', async () => {
    const texts = [
      "'; DROP TABLE documents; --",
      "' OR '1'='1",
      "a:* & !b | (c <-> d) :A \\ '",
      '<img src=x onerror=alert(1)>',
      '%_%_%',
      '\u0000\u0001',
      '🍕🍕🍕',
      'ﷺ'.repeat(25),
      '???????',
    ];
    for (const q of texts) await askBoth({ q, facets: true });
    assert.ok((await askBoth({ q: 'thai' })).items.length > 0);
  });
});
