/**
 * Searching the tables: complete, and slower than the read model, which must find the same. Documents
 * are found by full text, with the neighbours of misspelt words. Owns no rule: points and order are
 * those of `ranking.ts`, said in SQL.
 */
import type { Facets } from '../../contracts/api/search.ts';
import type { Database } from '../../platform/database.ts';
import { alikeWords, wordsKnown } from './alike-words.ts';
import { type Found, type FoundHit, facetOf, type SearchPath } from './found.ts';
import { type Question, typesOf } from './question.ts';
import {
  FAR_POINTS_MAX,
  HANDOVER_SECONDS,
  type Here,
  NAME_WORD_POINTS,
  NORTH_METERS_PER_E7,
  RATING_STEPS,
  SOLD_OUT_POINTS,
  TEXT_FACTOR,
  VENDOR_POINTS,
} from './ranking.ts';
import type { Reading } from './readings.ts';
import { matchingOf } from './sql-matching.ts';
import { joined, rowsOf, type Sql, sql } from './sql-text.ts';

export function createSqlPath(database: Database): SearchPath {
  const { knex } = database;
  return {
    async search(question, reading): Promise<Found> {
      const alike = await alikeWords(database, reading.words);
      const found = foundBy(question, reading, alike);
      const [rows, counts] = await Promise.all([
        rowsOf<PageRow>(knex, pageOf(question, found)),
        question.facets ? rowsOf<CountRow>(knex, countsOf(found)) : null,
      ]);
      return { hits: rows.map(hitOf), counted: counts === null ? null : countedOf(counts) };
    },
    async known(words, typo) {
      const alike = await alikeWords(database, typo);
      return new Set([...(await wordsKnown(database, [...words, ...typo])), ...alike.keys()]);
    },
    async cuisines(beginning, limit) {
      const rows = await rowsOf<{ cuisine: string }>(
        knex,
        sql`SELECT cuisine FROM vendors, unnest(cuisines) AS cuisine
          WHERE listed AND starts_with(translate(cuisine, '_-', '  '), ${beginning})
          GROUP BY cuisine ORDER BY count(*) DESC, cuisine COLLATE "C" LIMIT ${limit}`,
      );
      return rows.map(({ cuisine }) => cuisine);
    },
  };
}

/** All documents that match, of vendors that may be shown; with what each filter says of them. */
function foundBy(question: Question, reading: Reading, alike: ReadonlyMap<string, string[]>): Sql {
  const { here, filters, nowMs } = question;
  const asks = reading.words.length > 0;
  const matching = matchingOf(reading, alike);
  const text = asks
    ? sql`(${matching.points}) - d.name_words * ${NAME_WORD_POINTS}::integer
        + CASE d.type WHEN 'vendor' THEN ${VENDOR_POINTS}::integer ELSE 0 END`
    : sql`0`;
  const matches = asks ? sql`AND d.words @@ ${matching.query}::tsquery` : sql``;
  const meters = here === null ? sql`NULL::integer` : metersSql(here);
  const delivers = filters.deliversHere && here !== null ? sql`AND ${reachesSql(here)}` : sql``;
  return sql`
    WITH matched AS (
      SELECT d.id, d.type, d.vendor, d.sold_out, (${text}) AS text
      FROM documents d
      WHERE d.listed AND d.type = ANY(${typesOf(question)}::text[]) ${matches}
    ), found AS MATERIALIZED (
      SELECT m.id, m.type, m.vendor, m.sold_out, m.text, v.kind, v.cuisines, v.price_band,
        v.rating_centi, v.prepare_seconds, way.meters,
        cardinality(v.turns) > 0 AND width_bucket(${nowMs}::bigint, v.turns) % 2 = 1 AS is_open,
        ${orTrue(filters.kind, (kind) => sql`v.kind = ${kind}`)} AS of_kind,
        ${orTrue(filters.cuisines, (all) => sql`v.cuisines && ${all}::text[]`)} AS of_cuisine,
        ${orTrue(filters.priceBands, (all) => sql`coalesce(v.price_band = ANY(${all}::smallint[]), false)`)}
          AS of_price,
        ${orTrue(filters.ratingCentiMin, (least) => sql`v.rating_centi >= ${least}`)} AS of_rating
      FROM matched m
      JOIN vendors v ON v.id = m.vendor
      CROSS JOIN LATERAL (SELECT ${meters} AS meters) AS way
      WHERE v.listed AND coalesce(v.paused_until_ms <= ${nowMs}::bigint, true) ${delivers}
    ), judged AS (
      SELECT *, ${filters.openNow ? sql`is_open` : sql`true`} AS of_open FROM found
    )`;
}

function orTrue<T>(filter: T | null, says: (value: T) => Sql): Sql {
  return filter === null ? sql`true` : says(filter);
}

/** As `metersFrom`, operation by operation. */
function metersSql({ latE7, lonE7, eastMetersPerE7 }: Here): Sql {
  const across = sql`abs(v.lon_e7::bigint - ${lonE7}::bigint)`;
  const east = sql`(least(${across}, 3600000000 - ${across})::float8 * ${eastMetersPerE7}::float8)`;
  const north = sql`((v.lat_e7 - ${latE7}::integer)::float8 * ${NORTH_METERS_PER_E7}::float8)`;
  return sql`floor(sqrt(${east} * ${east} + ${north} * ${north}))::integer`;
}

/** By the box first, which has an index, then exactly. */
function reachesSql({ latE7, lonE7 }: Here): Sql {
  const point = sql`point(${lonE7}::float8, ${latE7}::float8)`;
  const lat = latE7 / 1e7;
  const lon = lonE7 / 1e7;
  return sql`box(point(v.west_e7, v.south_e7), point(v.east_e7, v.north_e7)) @> box(${point}, ${point})
    AND coalesce(way.meters <= v.reach_meters, true)
    AND (v.reach_edges IS NULL OR (
      SELECT count(*) % 2 = 1
      FROM generate_series(1, cardinality(v.reach_edges), 4) AS n,
        LATERAL (SELECT v.reach_edges[n] AS xi, v.reach_edges[n + 1] AS yi,
                        v.reach_edges[n + 2] AS xj, v.reach_edges[n + 3] AS yj) AS edge
      -- A level edge crosses nothing; only the CASE keeps it from being divided by.
      WHERE CASE WHEN (yi > ${lat}::float8) <> (yj > ${lat}::float8)
        THEN ${lon}::float8 < ((xj - xi) * (${lat}::float8 - yi)) / (yj - yi) + xi ELSE false END))`;
}

/** What the list is ordered by, the smallest first. */
function keySql({ sort }: Question): Sql {
  if (sort === 'distance') return sql`meters`;
  if (sort === 'eta')
    return sql`(prepare_seconds + ${HANDOVER_SECONDS}::integer + (meters * 6) / 25)`;
  if (sort === 'rating') return sql`(-rating_centi::integer)`;
  return sql`(-(text * ${TEXT_FACTOR}::integer + rating_centi / 10
    - least(${FAR_POINTS_MAX}::integer, coalesce(meters / 100, 0))
    - CASE WHEN sold_out THEN ${SOLD_OUT_POINTS}::integer ELSE 0 END))`;
}

const ALL_FILTERS = sql`of_kind AND of_cuisine AND of_price AND of_rating AND of_open`;

function pageOf(question: Question, found: Sql): Sql {
  const { after, limit } = question;
  const beyond = after === null ? sql`` : sql`AND (key, id) > (${after.key}::integer, ${after.id})`;
  return sql`${found}, keyed AS (
      SELECT id, vendor, meters, is_open, ${keySql(question)} AS key
      FROM judged WHERE ${ALL_FILTERS}
    ), page AS (
      SELECT * FROM keyed WHERE true ${beyond} ORDER BY key, id LIMIT ${limit + 1}
    )
    SELECT p.id, p.key, p.meters, p.is_open, d.type, d.name, d.category, d.price_minor, d.currency,
      d.image_url, d.age_min, d.sold_out, v.id AS vendor, v.name AS vendor_name, v.kind, v.cuisines,
      v.price_band, v.rating_centi, v.ratings, v.prepare_seconds
    FROM page p JOIN documents d ON d.id = p.id JOIN vendors v ON v.id = p.vendor
    ORDER BY p.key, p.id`;
}

interface PageRow {
  readonly id: string;
  readonly key: number;
  readonly meters: number | null;
  readonly is_open: boolean;
  readonly type: 'vendor' | 'product';
  readonly name: string;
  readonly category: string | null;
  readonly price_minor: number | null;
  readonly currency: string | null;
  readonly image_url: string | null;
  readonly age_min: number | null;
  readonly sold_out: boolean;
  readonly vendor: string;
  readonly vendor_name: string;
  readonly kind: string;
  readonly cuisines: string[];
  readonly price_band: number | null;
  readonly rating_centi: number;
  readonly ratings: number;
  readonly prepare_seconds: number;
}

function hitOf(row: PageRow): FoundHit {
  return {
    type: row.type,
    id: row.id,
    key: row.key,
    vendor: {
      id: row.vendor,
      name: row.vendor_name,
      kind: row.kind,
      cuisines: row.cuisines,
      priceBand: row.price_band,
      ratingCenti: row.rating_centi,
      ratings: row.ratings,
      prepareSeconds: row.prepare_seconds,
    },
    product:
      row.type === 'vendor'
        ? null
        : {
            id: row.id,
            name: row.name,
            category: row.category,
            priceMinor: row.price_minor ?? 0,
            currency: row.currency ?? '',
            imageUrl: row.image_url,
            ageMin: row.age_min,
            soldOut: row.sold_out,
          },
    meters: row.meters,
    open: row.is_open,
  };
}

interface CountRow {
  readonly facet: string;
  readonly value: string;
  readonly count: number;
}

/** Each facet as if its own filter were not set. */
function countsOf(found: Sql): Sql {
  const steps = RATING_STEPS.map((step) => sql`(${String(step)}, ${step * 100}::integer)`);
  return sql`${found}
    SELECT 'total' AS facet, '' AS value, count(*) AS count FROM judged WHERE ${ALL_FILTERS}
    UNION ALL SELECT 'kind', kind, count(*) FROM judged
      WHERE of_cuisine AND of_price AND of_rating AND of_open GROUP BY kind
    UNION ALL SELECT 'cuisine', cuisine, count(*) FROM judged, unnest(cuisines) AS cuisine
      WHERE of_kind AND of_price AND of_rating AND of_open GROUP BY cuisine
    UNION ALL SELECT 'priceBand', price_band::text, count(*) FROM judged
      WHERE price_band IS NOT NULL AND of_kind AND of_cuisine AND of_rating AND of_open
      GROUP BY price_band
    UNION ALL SELECT 'rating', step, count(*)
      FROM judged, (VALUES ${joined(steps, ', ')}) AS steps (step, least)
      WHERE rating_centi >= least AND of_kind AND of_cuisine AND of_price AND of_open
      GROUP BY step
    UNION ALL SELECT 'openNow', is_open::text, count(*) FROM judged
      WHERE of_kind AND of_cuisine AND of_price AND of_rating GROUP BY is_open`;
}

function countedOf(rows: readonly CountRow[]): { total: number; facets: Facets } {
  const of = (facet: string): Facets['kind'] =>
    facetOf(rows.filter((row) => row.facet === facet).map((row) => [row.value, row.count]));
  return {
    total: rows.find(({ facet }) => facet === 'total')?.count ?? 0,
    facets: {
      kind: of('kind'),
      cuisine: of('cuisine'),
      priceBand: of('priceBand'),
      rating: of('rating'),
      openNow: of('openNow'),
    },
  };
}
