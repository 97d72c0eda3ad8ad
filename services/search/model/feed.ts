/**
 * Keeps the read model of this process: loads it from the tables, then takes in what changed, on a
 * notification and at the latest every second. Until it is loaded, and when it is full, there is no
 * model and the tables answer. Each process has its own; they lag the tables by some milliseconds.
 */
import type { Database, Knex } from '../../../platform/database.ts';
import { listen } from '../../../platform/listener.ts';
import { startPump } from '../../../platform/pump.ts';
import { CHANGES_CHANNEL } from '../writing.ts';
import { ReadModel } from './read-model.ts';
import * as rows from './rows.ts';

const POLL_MS = 1_000;
const BACK_OFF_MS = [250, 10_000] as const;
/** Rows taken in at once: searches wait meanwhile, some 10 µs a row. */
const FOLLOW_BATCH = 500;
const LOAD_BATCH = 5_000;
/** Vendors whose documents are fetched again together. */
const MOVED_BATCH = 100;

export interface ModelFeed {
  /** undefined: not loaded yet, or too large. */
  readonly model: ReadModel | undefined;
  /** Looks at once instead of within a second. */
  wake(): void;
  stop(): Promise<void>;
}

export interface FeedOptions {
  readonly database: Database;
  /** A model was loaded, or given up because it is full. */
  readonly onModel: (model: ReadModel | undefined) => void;
  readonly onError: (error: unknown) => void;
}

/** How far this copy has come, table by table. */
export interface Position {
  vendors: number;
  documents: number;
  /** Vendors that are new or stand elsewhere: their documents must be put in again. */
  readonly owed: Set<string>;
}

export function atTheBeginning(): Position {
  return { vendors: 0, documents: 0, owed: new Set() };
}

export function startFeed({ database, onModel, onError }: FeedOptions): ModelFeed {
  const { knex } = database;
  let model: ReadModel | undefined;
  let isFull = false;
  const position = atTheBeginning();
  const pump = startPump({
    work: async (signal) => {
      if (isFull) return false;
      if (model === undefined) {
        const loaded = await loadModel(knex, position);
        if (signal.aborted) return false;
        model = loaded;
        onModel(model);
      }
      const more = await followOnce(knex, model, position);
      if (model.isFull) {
        isFull = true;
        model = undefined;
        onModel(undefined);
      }
      return more;
    },
    pollMs: POLL_MS,
    backOffMs: BACK_OFF_MS,
    onError,
  });
  const listener = listen(database, CHANGES_CHANNEL, () => pump.wake());
  return {
    get model() {
      return model;
    },
    wake: () => pump.wake(),
    async stop() {
      await listener.stop();
      await pump.stop();
    },
  };
}

/** Reads everything. `position` is what was there before it began, so later changes come once more. */
export async function loadModel(knex: Knex, position: Position): Promise<ReadModel> {
  const model = new ReadModel();
  const vendors: rows.ModelVendor[] = [];
  const counts = await rows.documentCounts(knex);
  const last = await eachPage(
    (after) => rows.vendorsAfter(knex, after, LOAD_BATCH),
    (page) => vendors.push(...page),
  );
  position.vendors = last;
  const filling = model.fill(vendors, counts);
  position.documents = await eachPage(
    (after) => rows.documentsAfter(knex, after, LOAD_BATCH),
    (page) => {
      if (!model.isFull) filling.put(page);
    },
  );
  filling.finish();
  return model;
}

async function eachPage<T extends { readonly change: number }>(
  read: (after: number) => Promise<T[]>,
  take: (page: T[]) => void,
): Promise<number> {
  let after = 0;
  for (;;) {
    const page = await read(after);
    take(page);
    after = page.at(-1)?.change ?? after;
    if (page.length < LOAD_BATCH) return after;
  }
}

/** Takes in one batch of each table; true: there is more. */
export async function followOnce(
  knex: Knex,
  model: ReadModel,
  position: Position,
): Promise<boolean> {
  const vendors = await rows.vendorsAfter(knex, position.vendors, FOLLOW_BATCH);
  for (const row of vendors) if (model.putVendor(row)) position.owed.add(row.id);
  position.vendors = vendors.at(-1)?.change ?? position.vendors;
  await payOwed(knex, model, position.owed);
  const documents = await rows.documentsAfter(knex, position.documents, FOLLOW_BATCH);
  for (const row of documents) model.putDocument(row);
  position.documents = documents.at(-1)?.change ?? position.documents;
  return vendors.length === FOLLOW_BATCH || documents.length === FOLLOW_BATCH;
}

async function payOwed(knex: Knex, model: ReadModel, owed: Set<string>): Promise<void> {
  while (owed.size > 0) {
    const batch = [...owed].slice(0, MOVED_BATCH);
    let after = '';
    for (;;) {
      const page = await rows.documentsOf(knex, batch, after, FOLLOW_BATCH);
      for (const row of page) model.putDocument(row);
      after = page.at(-1)?.id ?? after;
      if (page.length < FOLLOW_BATCH) break;
    }
    for (const vendor of batch) owed.delete(vendor);
  }
}
