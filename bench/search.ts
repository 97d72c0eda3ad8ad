/**
 * How many searches a second, and how late, over a city of 25,000 vendors? Ours is the service's action
 * called within its process, at 5,000 a second and as fast as it goes: of one process, and of one for
 * each core with the same rate in all; then the same through HTTP. The peer is PostgreSQL's full text
 * and trigrams over the same tables and questions, which answers alike. And: is a vendor among the
 * first ten when its name is typed with one error?
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SearchAnswer, SearchQuery } from '../contracts/api/search.ts';
import { type Database, openDatabase } from '../platform/database.ts';
import { findAnswer } from '../services/search/found.ts';
import { atTheBeginning, loadModel } from '../services/search/model/feed.ts';
import { readQuestion } from '../services/search/question.ts';
import { createSqlPath } from '../services/search/sql-path.ts';
import { seededRandom } from './support/city.ts';
import { asFastAsPossible, atRate, type Measured } from './support/load.ts';
import type { BenchResult, Fact } from './support/report.ts';
import { Samples } from './support/samples.ts';
import { type CityShop, cityShops } from './support/search-city.ts';
import { searchByHttp } from './support/search-http.ts';
import { loadShops } from './support/search-load.ts';
import { type NodesMeasured, withSearchNodes } from './support/search-nodes.ts';
import {
  type SearchStores,
  startOwnSearch,
  withSearchServers,
  withSearchStores,
} from './support/search-processes.ts';
import { type Asked, misspelt, questionsOf } from './support/search-questions.ts';

const VENDORS = 25_000;
/** One for each core of a small machine. */
const NODES = 2;
const RATE = 5_000;
const SECONDS = 20;
const PEER_SECONDS = 15;
const PEER_AT_ONCE = 4;
const HTTP_SECONDS = 10;
const HTTP_AT_ONCE = 32;
/** Part of what HTTP can do at most, at which its latency is looked at. */
const HTTP_STEADY_PART = 0.6;
const NAMES = 2_000;
const PEER_NAMES = 300;
const COMPARED = 200;
const UNDISTURBED = 2_000;
const TRIES = 5;

type Facts = { readonly facts: readonly Fact[] };

/** One number, with what it is of. */
function fact(what: string, value: number, unit: string): Fact {
  return { what, value, unit };
}

function latencyFacts(what: string, { latencies }: Pick<Measured, 'latencies'>): Fact[] {
  return [0.5, 0.99].map((part) => fact(`${what}: p${part * 100}`, latencies.quantile(part), 'ms'));
}

/** What the read model takes: heap and buffers, after a collection before and behind. */
async function memoryOf(database: Database): Promise<Fact[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const startMs = performance.now();
  const model = await loadModel(database.knex, atTheBeginning());
  const seconds = (performance.now() - startMs) / 1_000;
  const bytes = used() - before;
  return [
    fact('documents (vendors and products)', model.documents.size, ''),
    fact('different words', model.documents.dictionary.size, ''),
    fact('read model loaded from PostgreSQL in', seconds, 's'),
    fact('read model: memory', bytes / 2 ** 20, 'MB'),
    fact('read model: a document', bytes / model.documents.size, 'bytes'),
  ];
}

interface Own extends Facts {
  readonly recall: number;
}

/** The service within this process: what one search takes, and what it finds. */
async function ownSide(stores: SearchStores, shops: readonly CityShop[]): Promise<Own> {
  const { find, stop } = await startOwnSearch(stores, 'bench');
  try {
    const recall = await recallOf(shops, NAMES, find);
    return { recall, facts: await undisturbed(find, questionsOf(shops, 1)) };
  } finally {
    await stop();
  }
}

interface Nodes extends Facts {
  readonly steady: NodesMeasured;
}

/** So many nodes at once, each with its part of the questions. */
function nodesSide(stores: SearchStores, count: number): Promise<Nodes> {
  return withSearchNodes(stores, { nodes: count, vendors: VENDORS }, async (nodes) => {
    const steady = await nodes.ask(RATE, SECONDS);
    const fastest = await nodes.ask(null, SECONDS / 2);
    const what = count === 1 ? 'one process' : `${count} processes`;
    return {
      steady,
      facts: [
        fact(`${what} at ${RATE}/s: answered`, steady.perSecond, '/s'),
        ...latencyFacts(`${what} at ${RATE}/s`, steady),
        fact(`${what} at ${RATE}/s: refused`, steady.refused, ''),
        fact(`${what}: asked late by: p99`, steady.lags.quantile(0.99), 'ms'),
        fact(`${what}, one question at a time each`, fastest.perSecond, '/s'),
        ...latencyFacts(`${what}, one at a time each`, fastest),
        fact(`${what}: CPU a search`, fastest.cpuMicros / fastest.latencies.count, 'µs'),
      ],
    };
  });
}

/**
 * What a search takes when nothing else has the processor: the least of some tries, for each of many
 * questions. Kinder than the truth, since later tries find their columns in the cache.
 */
async function undisturbed(
  find: (asked: Asked) => Promise<SearchAnswer>,
  next: () => Asked,
): Promise<Fact[]> {
  const least = new Samples(UNDISTURBED);
  let sum = 0;
  for (let n = 0; n < UNDISTURBED; n++) {
    const asked = next();
    let best = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < TRIES; tries++) {
      const startMs = performance.now();
      await find(asked);
      best = Math.min(best, performance.now() - startMs);
    }
    sum += best;
    least.add(best);
  }
  return [
    fact(`a search, least of ${TRIES} tries: mean`, (sum / UNDISTURBED) * 1_000, 'µs'),
    fact(`a search, least of ${TRIES} tries: p99`, least.quantile(0.99), 'ms'),
  ];
}

/** Part of vendors that are among ten hits for their name with one error; of a chain any will do. */
async function recallOf(
  shops: readonly CityShop[],
  count: number,
  find: (asked: Asked) => Promise<SearchAnswer>,
): Promise<number> {
  const random = seededRandom(77);
  const shown = shops.filter(
    ({ vendor: { vendor } }) => vendor.state === 'approved' && vendor.pause === null,
  );
  let found = 0;
  for (let n = 0; n < count; n++) {
    const { vendor } = (shown[Math.floor(random() * shown.length)] as CityShop).vendor;
    const { items } = await find({ q: misspelt(vendor.name, random), limit: 10 });
    if (items.some((hit) => hit.type === 'vendor' && hit.vendor.name === vendor.name)) found++;
  }
  return found / count;
}

/** The same questions to the tables. */
async function peerSide(
  stores: SearchStores,
  database: Database,
  shops: readonly CityShop[],
): Promise<Facts> {
  const path = createSqlPath(database);
  const find = (asked: Asked): Promise<SearchAnswer> =>
    findAnswer(path, readQuestion(asked as SearchQuery, Date.now()));
  const next = questionsOf(shops, 1);
  await asFastAsPossible(() => find(next()), { atOnce: PEER_AT_ONCE, seconds: 2 });
  const before = stores.postgresCpu();
  const measured = await asFastAsPossible(() => find(next()), {
    atOnce: PEER_AT_ONCE,
    seconds: PEER_SECONDS,
  });
  const cpu = stores.postgresCpu() - before;
  return {
    facts: [
      fact(`PostgreSQL, ${PEER_AT_ONCE} at a time`, measured.perSecond, '/s'),
      ...latencyFacts(`PostgreSQL, ${PEER_AT_ONCE} at a time`, measured),
      fact('PostgreSQL: CPU of its server a search', cpu / measured.latencies.count, 'µs'),
      fact(`PostgreSQL: recall@10 of ${PEER_NAMES}`, await recallOf(shops, PEER_NAMES, find), ''),
      fact(`answers alike, of ${COMPARED}`, await alike(database, shops, find), ''),
    ],
  };
}

/** How many answers of the read model and of the tables are the same to the last figure. */
async function alike(
  database: Database,
  shops: readonly CityShop[],
  find: (asked: Asked) => Promise<SearchAnswer>,
): Promise<number> {
  const { createModelPath } = await import('../services/search/model/model-path.ts');
  const path = createModelPath(await loadModel(database.knex, atTheBeginning()));
  const next = questionsOf(shops, 2);
  let same = 0;
  for (let n = 0; n < COMPARED; n++) {
    const asked = { ...next(), openNow: false };
    const own = await findAnswer(path, readQuestion(asked as SearchQuery, Date.now()));
    const others = await find(asked);
    // The clock moves between the two; whether something is open may, too.
    const still = (answer: SearchAnswer): string =>
      JSON.stringify(answer).replaceAll(/"open":\w+/g, '');
    if (still({ ...own, facets: null }) === still({ ...others, facets: null })) same++;
  }
  return same;
}

/** Through the REST door; with `together`, search and API are one process. */
async function httpSide(
  stores: SearchStores,
  shops: readonly CityShop[],
  together: boolean,
): Promise<Facts> {
  const rows = together
    ? [{ name: 'api-1', services: ['api', 'search'] }]
    : [
        { name: 'business-1', services: ['search'] },
        { name: 'api-1', services: ['api'] },
      ];
  const what = together ? 'HTTP, search in the API process' : 'HTTP, search in another process';
  return withSearchServers(stores, rows, async ({ apiPort, cpu }) => {
    const client = searchByHttp(apiPort, HTTP_AT_ONCE);
    try {
      const next = questionsOf(shops, 3);
      const ask = (): Promise<void> => client.ask(next());
      await asFastAsPossible(ask, { atOnce: HTTP_AT_ONCE, seconds: 3 });
      const before = cpu();
      const fastest = await asFastAsPossible(ask, { atOnce: HTTP_AT_ONCE, seconds: HTTP_SECONDS });
      const used = (cpu() - before) / fastest.latencies.count;
      const perSecond = Math.floor(fastest.perSecond * HTTP_STEADY_PART);
      const steady = await atRate(ask, { perSecond, seconds: HTTP_SECONDS });
      return {
        facts: [
          fact(`${what}: ${HTTP_AT_ONCE} at a time`, fastest.perSecond, '/s'),
          fact(`${what}: CPU of the servers a search`, used, 'µs'),
          ...latencyFacts(`${what}: at ${perSecond}/s`, steady),
        ],
      };
    } finally {
      client.close();
    }
  });
}

/** What may be left out: ours in process, PostgreSQL, ours through HTTP. */
const PARTS = ['own', 'peer', 'http'] as const;
type Part = (typeof PARTS)[number];

/** Runs the parts named, or all of them. */
export async function benchSearch(args: readonly string[]): Promise<BenchResult> {
  const unknown = args.find((arg) => !PARTS.some((part) => part === arg));
  if (unknown !== undefined) throw new Error(`search has no part called ${unknown}`);
  const runs = (part: Part): boolean => args.length === 0 || args.includes(part);
  const shops = [...cityShops(VENDORS)];
  return withSearchStores(async (stores) => {
    const { databaseUrl: url } = stores;
    const database = openDatabase('search', { url, poolMax: 8, timeoutMs: 60_000 });
    try {
      await loadShops(database, shops, Date.now());
      const facts = await memoryOf(database);
      const own = runs('own') ? await ownSide(stores, shops) : null;
      facts.push(...(own?.facts ?? []));
      let one: Nodes | null = null;
      for (const count of runs('own') ? [1, NODES] : []) {
        const nodes = await nodesSide(stores, count);
        one ??= nodes;
        facts.push(...nodes.facts);
      }
      if (runs('peer')) facts.push(...(await peerSide(stores, database, shops)).facts);
      for (const together of runs('http') ? [true, false] : []) {
        facts.push(...(await httpSide(stores, shops, together)).facts);
      }
      return {
        name: 'search',
        question:
          `searches over ${VENDORS.toLocaleString('en')} vendors and their products: in process, ` +
          'by PostgreSQL, through HTTP',
        facts,
        targets: own === null || one === null ? [] : targetsOf(own, one),
        bottleneck:
          'CPU: a search is nothing else, and a process answers on one thread; most of it goes to ' +
          'words without a place, which are looked for in all of the city; through HTTP the REST ' +
          'door, which takes several times the CPU of a search for each request',
      };
    } finally {
      await database.close();
    }
  });
}

function targetsOf({ recall }: Own, { steady }: Nodes): BenchResult['targets'] {
  return [
    {
      ...{
        what: `one process at ${RATE}/s: answered`,
        measured: Math.round(steady.perSecond),
      },
      ...{ bound: RATE * 0.99, sense: 'least', unit: '/s' },
    },
    {
      ...{ what: 'p99 from the intended time', measured: steady.latencies.quantile(0.99) },
      ...{ bound: 50, sense: 'most', unit: 'ms' },
    },
    {
      ...{ what: `recall@10 of ${NAMES} names with one error`, measured: recall },
      ...{ bound: 0.95, sense: 'least', unit: '' },
    },
  ];
}
