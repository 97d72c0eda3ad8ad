/**
 * Writes of the search tables, set-based. One writer at a time: `change` must grow in the order of
 * commits, so that readers who ask for what came after one number miss nothing.
 */
import type { Queryable, Transaction } from '../../platform/database.ts';
import type { TurnsOf } from './turns.ts';
import { TURNS_LEFT_MS_MIN } from './turns.ts';

/** The notification that says: there are changes. */
export const CHANGES_CHANNEL = 'search_changes';
const WRITER_LOCK = [0x57414747, 0x736561] as const;
const TURNS_BATCH = 500;
const GONE_BATCH = 5_000;
/** Far longer than any message is late. */
const GONE_KEPT_DAYS = 7;

export interface VendorRow {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly kind: string;
  readonly cuisines: readonly string[];
  readonly price_band: number | null;
  readonly lat_e7: number;
  readonly lon_e7: number;
  readonly prepare_seconds: number;
  readonly listed: boolean;
  readonly paused_until_ms: number | null;
  readonly schedule: Parameters<TurnsOf>[0];
  readonly turns: readonly number[];
  readonly turns_until_ms: number;
  readonly reach_meters: number | null;
  readonly reach_edges: readonly number[] | null;
  readonly south_e7: number;
  readonly west_e7: number;
  readonly north_e7: number;
  readonly east_e7: number;
  readonly rating_centi: number;
  readonly ratings: number;
}

export interface DocumentRow {
  readonly id: string;
  readonly type: 'vendor' | 'product';
  readonly vendor: string;
  readonly version: number;
  readonly name: string;
  /** Of the name, then all others. */
  readonly words: readonly string[];
  readonly other_words: readonly string[];
  readonly listed: boolean;
  readonly category: string | null;
  readonly price_minor: number | null;
  readonly currency: string | null;
  readonly image_url: string | null;
  readonly age_min: number | null;
}

export interface StockRow {
  readonly product: string;
  /** Empty: the product as a whole. */
  readonly variant: string;
  readonly version: number;
  readonly is_out: boolean;
}

/** Waits for other writers and tells those who follow when this transaction commits. */
async function beginWriting(trx: Transaction): Promise<void> {
  await trx.raw(`SELECT pg_advisory_xact_lock(?, ?), pg_notify('${CHANGES_CHANNEL}', '')`, [
    ...WRITER_LOCK,
  ]);
}

const VENDOR_COLUMNS = `
  version, name, kind, cuisines, price_band, lat_e7, lon_e7, prepare_seconds, listed,
  paused_until_ms, schedule, turns, turns_until_ms, reach_meters, reach_edges,
  south_e7, west_e7, north_e7, east_e7, rating_centi, ratings`;

/** Vendors that are newer than what is known, each with its document. */
export async function writeVendors(
  trx: Transaction,
  vendors: readonly VendorRow[],
  documents: readonly DocumentRow[],
): Promise<void> {
  if (vendors.length === 0) return;
  await beginWriting(trx);
  await trx.raw(
    `INSERT INTO vendors (id, ${VENDOR_COLUMNS}, change)
     SELECT id, ${VENDOR_COLUMNS}, nextval('changes')
     FROM jsonb_to_recordset(?) AS told (
       id text, version bigint, name text, kind text, cuisines text[], price_band smallint,
       lat_e7 integer, lon_e7 integer, prepare_seconds integer, listed boolean,
       paused_until_ms bigint, schedule jsonb, turns bigint[], turns_until_ms bigint,
       reach_meters integer, reach_edges float8[], south_e7 integer, west_e7 integer,
       north_e7 integer, east_e7 integer, rating_centi smallint, ratings integer)
     ON CONFLICT (id) DO UPDATE SET (${VENDOR_COLUMNS}, change) = (SELECT ${VENDOR_COLUMNS.replaceAll(
       /(\w+)/g,
       'excluded.$1',
     )}, excluded.change)
     WHERE vendors.version < excluded.version`,
    [JSON.stringify(vendors)],
  );
  await writeDocuments(trx, documents);
}

/** Products that are newer than what is known. */
export async function writeProducts(
  trx: Transaction,
  documents: readonly DocumentRow[],
): Promise<void> {
  if (documents.length === 0) return;
  await beginWriting(trx);
  await writeDocuments(trx, documents);
  await markSoldOut(
    trx,
    documents.map(({ id }) => id),
  );
}

/** Stock that is newer than what is known. */
export async function writeStock(trx: Transaction, rows: readonly StockRow[]): Promise<void> {
  if (rows.length === 0) return;
  await beginWriting(trx);
  await trx.raw(
    `INSERT INTO stock (product, variant, version, is_out)
     SELECT product, variant, version, is_out
     FROM jsonb_to_recordset(?) AS told (
       product text, variant text, version bigint, is_out boolean)
     ON CONFLICT (product, variant) DO UPDATE
     SET version = excluded.version, is_out = excluded.is_out
     WHERE stock.version < excluded.version`,
    [JSON.stringify(rows)],
  );
  await markSoldOut(trx, [...new Set(rows.map(({ product }) => product))]);
}

const DOCUMENT_COLUMNS = `
  vendor, version, name, words, name_words, listed, category, price_minor, currency, image_url,
  age_min`;

async function writeDocuments(trx: Transaction, documents: readonly DocumentRow[]): Promise<void> {
  const told = documents.map(({ words, other_words, ...rest }) => ({
    ...rest,
    words: vectorText(words, other_words),
    name_words: words.length,
  }));
  await trx.raw(
    `INSERT INTO documents (id, type, ${DOCUMENT_COLUMNS}, change)
     SELECT id, type, ${DOCUMENT_COLUMNS.replace('words,', 'words::tsvector,')}, nextval('changes')
     FROM jsonb_to_recordset(?) AS told (
       id text, type text, vendor text, version bigint, name text, words text,
       name_words smallint, listed boolean, category text, price_minor bigint, currency text,
       image_url text, age_min smallint)
     ON CONFLICT (id) DO UPDATE SET (${DOCUMENT_COLUMNS}, change, changed_at) =
       (SELECT ${DOCUMENT_COLUMNS.replaceAll(/(\w+)/g, 'excluded.$1')}, excluded.change, now())
     WHERE documents.version < excluded.version`,
    [JSON.stringify(told)],
  );
  const words = new Set(documents.flatMap((row) => [...row.words, ...row.other_words]));
  if (words.size === 0) return;
  await trx.raw(`INSERT INTO words SELECT unnest(?::text[]) ON CONFLICT DO NOTHING`, [[...words]]);
}

/** Words are letters and digits only, so nothing in them can end the quotes. */
function vectorText(words: readonly string[], others: readonly string[]): string {
  const weighted = [
    ...words.map((word, n) => `'${word}':${n + 1}A`),
    ...others.map((word, n) => `'${word}':${words.length + n + 1}B`),
  ];
  return weighted.join(' ');
}

/**
 * A product is sold out when everything counted of it is out: itself, and those of its variants that
 * are counted apart.
 */
async function markSoldOut(trx: Transaction, products: readonly string[]): Promise<void> {
  await trx.raw(
    `UPDATE documents SET sold_out = is_out, change = nextval('changes')
     FROM (
       SELECT product, bool_and(is_out) AS is_out FROM stock WHERE product = ANY(?) GROUP BY product
     ) AS counted
     WHERE documents.id = counted.product AND documents.sold_out <> is_out`,
    [[...products]],
  );
}

/**
 * Reckons anew when vendors open and close, where it is known for a few days only. A bounded number at
 * once; true when there may be more.
 */
export async function renewTurns(
  trx: Transaction,
  turnsOf: TurnsOf,
  nowMs: number,
): Promise<boolean> {
  const due = await trx<{ id: string; schedule: VendorRow['schedule'] }>('vendors')
    .select('id', 'schedule')
    .where('turns_until_ms', '<', nowMs + TURNS_LEFT_MS_MIN)
    .orderBy('turns_until_ms')
    .limit(TURNS_BATCH);
  if (due.length === 0) return false;
  const renewed = due.map(({ id, schedule }) => {
    const { turns, untilMs } = turnsOf(schedule, nowMs);
    return { id, turns, turns_until_ms: untilMs };
  });
  await beginWriting(trx);
  await trx.raw(
    `UPDATE vendors SET turns = now.turns, turns_until_ms = now.turns_until_ms,
       change = nextval('changes')
     FROM jsonb_to_recordset(?) AS now (id text, turns bigint[], turns_until_ms bigint)
     WHERE vendors.id = now.id`,
    [JSON.stringify(renewed)],
  );
  return due.length === TURNS_BATCH;
}

/** Forgets products that were removed long ago, and their stock. */
export async function forgetGone(db: Queryable): Promise<void> {
  await db.raw(
    `WITH gone AS (
       DELETE FROM documents WHERE id IN (
         SELECT id FROM documents
         WHERE NOT listed AND type = 'product' AND name = ''
           AND changed_at < now() - ? * interval '1 day' LIMIT ?)
       RETURNING id)
     DELETE FROM stock WHERE product IN (SELECT id FROM gone)`,
    [GONE_KEPT_DAYS, GONE_BATCH],
  );
}
