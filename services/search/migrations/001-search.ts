/**
 * What can be found: vendors with what they are filtered by, documents of vendors and products with
 * their words, and every word known. `change` grows in the order of commits (writers take a lock), so
 * whoever remembers the largest one has missed nothing before it.
 */
import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';

export async function up(trx: Transaction): Promise<void> {
  // Where it is installed already it stays; ours goes where any service of the database finds it.
  await trx.raw('CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public');
  await trx.raw(`
    CREATE SEQUENCE changes;

    CREATE TABLE vendors (
      id text COLLATE "C" PRIMARY KEY,
      version bigint NOT NULL,
      name text NOT NULL,
      kind text NOT NULL,
      cuisines text[] NOT NULL,
      price_band smallint,
      lat_e7 integer NOT NULL,
      lon_e7 integer NOT NULL,
      prepare_seconds integer NOT NULL,
      -- May be found at all: approved, and not closed for good.
      listed boolean NOT NULL,
      -- Zone ms; null: not paused.
      paused_until_ms bigint,
      schedule jsonb NOT NULL,
      -- Zone ms at which it opens, closes, opens …: open when an odd number of them is past.
      turns bigint[] NOT NULL,
      -- How far the turns reach.
      turns_until_ms bigint NOT NULL,
      -- Where it delivers: within a radius, inside of edges (lon, lat, lon, lat …, as drawn), or, with
      -- neither, anywhere. The box holds all of it.
      reach_meters integer,
      reach_edges double precision[],
      south_e7 integer NOT NULL,
      west_e7 integer NOT NULL,
      north_e7 integer NOT NULL,
      east_e7 integer NOT NULL,
      -- Hundredths of a star; 0: nobody rated it.
      rating_centi smallint NOT NULL,
      ratings integer NOT NULL,
      change bigint NOT NULL
    );
    CREATE INDEX vendors_change ON vendors (change);
    CREATE INDEX vendors_turns ON vendors (turns_until_ms);
    CREATE INDEX vendors_reach ON vendors
      USING gist (box(point(west_e7, south_e7), point(east_e7, north_e7)));

    CREATE TABLE documents (
      id text COLLATE "C" PRIMARY KEY,
      type text NOT NULL,
      vendor text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      name text NOT NULL,
      -- Words of the name have weight A, all others B.
      words tsvector NOT NULL,
      name_words smallint NOT NULL,
      -- May be sold, and is not removed.
      listed boolean NOT NULL,
      category text,
      price_minor bigint,
      currency text,
      image_url text,
      age_min smallint,
      sold_out boolean NOT NULL DEFAULT false,
      change bigint NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX documents_words ON documents USING gin (words);
    CREATE INDEX documents_vendor ON documents (vendor);
    CREATE INDEX documents_change ON documents (change);
    CREATE INDEX documents_gone ON documents (changed_at) WHERE NOT listed;

    CREATE TABLE words (word text COLLATE "C" PRIMARY KEY);
    CREATE INDEX words_alike ON words USING gin (word public.gin_trgm_ops);

    CREATE TABLE stock (
      product text COLLATE "C" NOT NULL,
      -- Empty: the product as a whole.
      variant text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      is_out boolean NOT NULL,
      PRIMARY KEY (product, variant)
    );
    ${INBOX_TABLE}
  `);
}
