/** Finding vendors and products: what they are is told by others, what is kept here is made to be found. */
import type { ServiceSchema } from 'moleculer';
import { Counter, Gauge, type Registry } from 'prom-client';
import * as schemas from '../../contracts/api/search.ts';
import { CATALOG_STREAM, type CatalogEvent } from '../../contracts/messages/catalog.ts';
import { INVENTORY_STREAM, type InventoryEvent } from '../../contracts/messages/inventory.ts';
import { VENDOR_STREAM, type VendorEvent } from '../../contracts/messages/vendors.ts';
import { type Database, openDatabase } from '../../platform/database.ts';
import { startPump } from '../../platform/pump.ts';
import { createActionBuilder } from '../../platform/service.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startFollowing } from '../../platform/service-streams.ts';
import * as following from './following.ts';
import { findAnswer, type SearchPath } from './found.ts';
import { startFeed } from './model/feed.ts';
import { createModelPath } from './model/model-path.ts';
import type { ReadModel } from './model/read-model.ts';
import { readQuestion } from './question.ts';
import { createSqlPath } from './sql-path.ts';
import { suggest } from './suggesting.ts';
import { createTurns } from './turns.ts';
import { forgetGone, renewTurns } from './writing.ts';

const UPKEEP_EVERY_MS = 60_000;

export function createService(context: ServiceContext): ServiceSchema {
  const { config, log, addCheck } = context;
  const database = openDatabase('search', config.database.search);
  const action = createActionBuilder({ log });
  const tables = createSqlPath(database);
  let memory: { readonly model: ReadModel; readonly path: SearchPath } | undefined;
  const searches = metricsOf(context.metrics, () => memory?.model);
  const path = (): SearchPath => {
    searches.inc({ path: memory === undefined ? 'tables' : 'memory' });
    return memory?.path ?? tables;
  };
  const nowMs = async (): Promise<number> => Math.floor((await context.door()).clock.zoneMs());
  const running: Part[] = [];
  addCheck('search.database', () => database.ping());
  return {
    name: 'search',
    actions: {
      find: action<schemas.SearchQuery, schemas.SearchAnswer>({
        params: schemas.SEARCH_QUERY,
        handler: async (params) => findAnswer(path(), readQuestion(params, await nowMs())),
      }),
      suggest: action<schemas.SuggestQuery, schemas.Suggestions>({
        params: schemas.SUGGEST_QUERY,
        handler: async (params) => suggest(path(), params, await nowMs()),
      }),
    },
    async started() {
      const feed = startFeed({
        database,
        onModel(model) {
          memory = model === undefined ? undefined : { model, path: createModelPath(model) };
          if (model === undefined) log.warn('too much to search in memory: the tables answer');
        },
        onError: (err) => log.warn({ err }, 'the read model could not follow'),
      });
      running.push(feed, ...startWriting(context, database, nowMs));
    },
    async stopped() {
      await Promise.all(running.splice(0).map((part) => part.stop()));
      await database.close();
    },
  };
}

/** Starts what writes the tables: those who tell are followed, and opening times kept ahead. */
function startWriting(
  context: ServiceContext,
  database: Database,
  nowMs: () => Promise<number>,
): Part[] {
  const turnsOf = createTurns();
  // Everything told carries a version, and what is known already is not written again.
  const told = { database, consumer: 'search', inbox: false } as const;
  return [
    startFollowing<VendorEvent>(context, {
      ...told,
      stream: VENDOR_STREAM,
      handler: async (trx, entries) =>
        following.followVendors(trx, entries, { turnsOf, nowMs: await nowMs() }),
    }),
    startFollowing<CatalogEvent>(context, {
      ...told,
      stream: CATALOG_STREAM,
      handler: following.followMenus,
    }),
    startFollowing<InventoryEvent>(context, {
      ...told,
      stream: INVENTORY_STREAM,
      handler: following.followStock,
      mentions: ['stock.level'],
      wants: following.isLevel,
      patient: true,
    }),
    startPump({
      work: async () => {
        const atMs = await nowMs();
        await forgetGone(database.knex);
        return database.transaction((trx) => renewTurns(trx, turnsOf, atMs));
      },
      pollMs: UPKEEP_EVERY_MS,
      backOffMs: [1_000, UPKEEP_EVERY_MS],
      onError: (err) => context.log.warn({ err }, 'opening times could not be renewed'),
    }),
  ];
}

/** Searches by who answered; and what the read model holds: nothing while the tables answer. */
function metricsOf(metrics: Registry, model: () => ReadModel | undefined): Counter<'path'> {
  new Gauge({
    name: 'waggle_search_documents',
    help: 'Vendors and products that the read model of this process holds.',
    registers: [metrics],
    collect() {
      this.set(model()?.documents.size ?? 0);
    },
  });
  return new Counter({
    name: 'waggle_searches_total',
    help: 'Searches and suggestions, by what answered them.',
    labelNames: ['path'],
    registers: [metrics],
  });
}
