/** A read model that follows changes must answer as one that was loaded when they were over. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SearchQuery } from '../../contracts/api/search.ts';
import { findAnswer } from '../../services/search/found.ts';
import { createModelPath } from '../../services/search/model/model-path.ts';
import { ReadModel } from '../../services/search/model/read-model.ts';
import type { ModelDocument, ModelVendor } from '../../services/search/model/rows.ts';
import { readQuestion } from '../../services/search/question.ts';
import { reachOf } from '../../services/search/reach.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const ID_TAIL = '00000000-0000-7000-8000-00000000000';
const WORDS = ['pizza', 'pizzeria', 'wok'];
const PLACES = [-74, -73.98, -73.9].flatMap((lon) => [40.7, 40.72].map((lat) => ({ lat, lon })));

/** A vendor and its products, as they are from now on. */
interface Told {
  readonly n: number;
  readonly place: number;
  readonly radiusMeters: number;
  readonly ratingCenti: number;
  readonly listed: boolean;
  readonly isPaused: boolean;
  readonly names: readonly string[];
  readonly soldOut: boolean;
  /** Only the vendor changes, not what is sold there. */
  readonly isVendorOnly: boolean;
}

const name = fc
  .uniqueArray(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 2 })
  .map((words) => words.sort().join(' '));
/** Most often one thing, so that a change leaves most of a vendor as it was. */
function mostly<T>(usual: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { arbitrary: fc.constant(usual), weight: 6 },
    { arbitrary: fc.constantFrom(...others), weight: 1 },
  );
}

const told: fc.Arbitrary<Told> = fc.record({
  n: fc.nat(4),
  place: mostly(0, 1, 2, 3, 4, 5),
  radiusMeters: mostly(2_500, 500, 9_000),
  ratingCenti: fc.constantFrom(0, 310, 317, 480),
  listed: mostly(true, false),
  isPaused: mostly(false, true),
  // Few sell much: more than a neighbourhood has room for at once.
  names: fc.oneof(
    { arbitrary: fc.array(name, { minLength: 1, maxLength: 3 }), weight: 3 },
    { arbitrary: fc.array(name, { minLength: 40, maxLength: 40 }), weight: 1 },
  ),
  soldOut: fc.boolean(),
  isVendorOnly: fc.boolean(),
});
const asked: fc.Arbitrary<Partial<SearchQuery>> = fc
  .record(
    {
      q: fc.constantFrom('pizza', 'piz', 'p', 'pizza wok', 'pizzo', 'wok', 'wokpizza'),
      place: mostly(0, 1, 2, 3, 4, 5),
      sort: fc.constantFrom('relevance' as const, 'rating' as const),
      facets: mostly(false, true),
      limit: fc.integer({ min: 1, max: 2 }),
      ratingMin: fc.constantFrom(3, 4),
    },
    { requiredKeys: [] },
  )
  .map(({ place, ...rest }) =>
    place === undefined ? rest : { ...rest, ...PLACES[place], deliversHere: true },
  );

function vendorRow(it: Told): ModelVendor {
  const { lat, lon } = PLACES[it.place] as { lat: number; lon: number };
  const at = { latE7: Math.round(lat * 1e7), lonE7: Math.round(lon * 1e7) };
  const reach = reachOf({ radiusMeters: it.radiusMeters }, at);
  return {
    id: `ven_${ID_TAIL}${it.n}`,
    name: it.names[0] as string,
    kind: it.n % 2 === 0 ? 'restaurant' : 'grocery',
    cuisines: it.n < 3 ? ['italian'] : [],
    price_band: it.n % 3 === 0 ? null : 2,
    lat_e7: at.latE7,
    lon_e7: at.lonE7,
    prepare_seconds: 600,
    listed: it.listed,
    paused_until_ms: it.isPaused ? NOW_MS + 1_000 : null,
    turns: [NOW_MS - 1_000 + it.n],
    reach_meters: reach.reachMeters,
    reach_edges: null,
    south_e7: reach.southE7,
    west_e7: reach.westE7,
    north_e7: reach.northE7,
    east_e7: reach.eastE7,
    rating_centi: it.ratingCenti,
    ratings: it.ratingCenti === 0 ? 0 : 7,
    change: 0,
  };
}

function documentRows(it: Told): ModelDocument[] {
  return it.names.map((name, part) => ({
    id: part === 0 ? `ven_${ID_TAIL}${it.n}` : `prd_${ID_TAIL.slice(0, -2)}${it.n}${part + 10}`,
    type: part === 0 ? 'vendor' : 'product',
    vendor: `ven_${ID_TAIL}${it.n}`,
    name,
    words: name
      .split(' ')
      .map((word, n) => `'${word}':${n + 1}A`)
      .join(' '),
    listed: true,
    category: null,
    price_minor: part === 0 ? null : 100,
    currency: part === 0 ? null : 'USD',
    image_url: null,
    age_min: null,
    sold_out: part > 0 && it.soldOut,
    change: 0,
  }));
}

/** Takes in what is told, in the way the feed does; before: what was known of the vendor. */
function follow(model: ReadModel, it: Told, before: Told | undefined): void {
  const moved = model.putVendor(vendorRow(it));
  if (it.isVendorOnly && !moved) return;
  for (const row of documentRows(it)) model.putDocument(row);
  // What is sold no more is told, too.
  for (const row of before === undefined ? [] : documentRows(before).slice(it.names.length)) {
    model.putDocument({ ...row, listed: false });
  }
}

function load(all: readonly Told[]): ReadModel {
  const model = new ReadModel();
  const counts = new Map(all.map((it) => [`ven_${ID_TAIL}${it.n}`, it.names.length]));
  const filling = model.fill(all.map(vendorRow), counts);
  filling.put(all.flatMap((it) => documentRows(it)));
  filling.finish();
  return model;
}

describe('a read model that follows changes', () => {
  test('answers every question as one that was loaded afterwards', async () => {
    const run = fc.asyncProperty(
      fc.array(told, { minLength: 1, maxLength: 12 }),
      fc.array(asked, { minLength: 1, maxLength: 6 }),
      async (changes, questions) => {
        const followed = new ReadModel();
        const path = createModelPath(followed);
        const answers = async (of: typeof path): Promise<unknown[]> => {
          const all: unknown[] = [];
          for (const each of questions) {
            all.push(await findAnswer(of, readQuestion(each as SearchQuery, NOW_MS)));
          }
          return all;
        };
        const last = new Map<number, Told>();
        for (const change of changes) {
          const before = last.get(change.n);
          const kept = change.isVendorOnly ? before : undefined;
          const it =
            kept === undefined ? change : { ...change, names: kept.names, soldOut: kept.soldOut };
          follow(followed, { ...it, isVendorOnly: kept !== undefined }, before);
          last.set(it.n, it);
          const loaded = createModelPath(load([...last.values()]));
          // Asked after each change, so that whatever is remembered must notice the next one.
          assert.deepEqual(await answers(path), await answers(loaded));
        }
      },
    );
    await fc.assert(run, { numRuns: 100 });
  });

  test('finds first what is rated best by now', async () => {
    const model = new ReadModel();
    const pizza = { place: 0, radiusMeters: 500, listed: true, isPaused: false, names: ['pizza'] };
    const tell = (n: number, ratingCenti: number, isVendorOnly: boolean): void => {
      const it = { ...pizza, n, ratingCenti, soldOut: false, isVendorOnly };
      follow(model, it, undefined);
    };
    for (const n of [0, 1, 2, 3]) tell(n, n === 3 ? 0 : 310, false);
    tell(3, 480, true);
    const question = readQuestion({ q: 'pizza', limit: 1 } as SearchQuery, NOW_MS);
    const { items } = await findAnswer(createModelPath(model), question);
    assert.deepEqual(
      items.map(({ id }) => id),
      [`ven_${ID_TAIL}3`],
    );
  });
});
