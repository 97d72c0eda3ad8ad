/** Owns reading what changed from the search tables, for those who keep a copy of it. */
import type { Knex } from '../../../platform/database.ts';

export interface ModelVendor {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly cuisines: readonly string[];
  readonly price_band: number | null;
  readonly lat_e7: number;
  readonly lon_e7: number;
  readonly prepare_seconds: number;
  readonly listed: boolean;
  readonly paused_until_ms: number | null;
  /** Whole numbers as text: node-postgres leaves arrays of bigint so. */
  readonly turns: readonly (string | number)[];
  readonly reach_meters: number | null;
  readonly reach_edges: readonly number[] | null;
  readonly south_e7: number;
  readonly west_e7: number;
  readonly north_e7: number;
  readonly east_e7: number;
  readonly rating_centi: number;
  readonly ratings: number;
  readonly change: number;
}

export interface ModelDocument {
  readonly id: string;
  readonly type: 'vendor' | 'product';
  readonly vendor: string;
  readonly name: string;
  /** A tsvector as Postgres writes it. */
  readonly words: string;
  readonly listed: boolean;
  readonly category: string | null;
  readonly price_minor: number | null;
  readonly currency: string | null;
  readonly image_url: string | null;
  readonly age_min: number | null;
  readonly sold_out: boolean;
  readonly change: number;
}

const VENDOR_COLUMNS = [
  ...['id', 'name', 'kind', 'cuisines', 'price_band', 'lat_e7', 'lon_e7', 'prepare_seconds'],
  ...['listed', 'paused_until_ms', 'turns', 'reach_meters', 'reach_edges', 'south_e7', 'west_e7'],
  ...['north_e7', 'east_e7', 'rating_centi', 'ratings', 'change'],
];
const DOCUMENT_COLUMNS = [
  ...['id', 'type', 'vendor', 'name', 'words', 'listed', 'category', 'price_minor', 'currency'],
  ...['image_url', 'age_min', 'sold_out', 'change'],
];

export function vendorsAfter(knex: Knex, change: number, limit: number): Promise<ModelVendor[]> {
  return knex('vendors')
    .select(VENDOR_COLUMNS)
    .where('change', '>', change)
    .orderBy('change')
    .limit(limit);
}

export function documentsAfter(
  knex: Knex,
  change: number,
  limit: number,
): Promise<ModelDocument[]> {
  return knex('documents')
    .select(DOCUMENT_COLUMNS)
    .where('change', '>', change)
    .orderBy('change')
    .limit(limit);
}

/** Everything of some vendors that may be sold, by id. */
export function documentsOf(
  knex: Knex,
  vendors: readonly string[],
  after: string,
  limit: number,
): Promise<ModelDocument[]> {
  return knex('documents')
    .select(DOCUMENT_COLUMNS)
    .whereIn('vendor', vendors)
    .where('listed', true)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit);
}

/** How many documents each vendor has. */
export async function documentCounts(knex: Knex): Promise<Map<string, number>> {
  const rows: { vendor: string; count: number }[] = await knex('documents')
    .select('vendor')
    .count('* as count')
    .where('listed', true)
    .groupBy('vendor');
  return new Map(rows.map(({ vendor, count }) => [vendor, count]));
}
