/**
 * Menus. A row of `menus` per vendor carries what is needed of the vendor and the version of the
 * whole; every write takes it first. Variants, options and windows are small documents that are only
 * ever read whole with what they belong to. What was removed stays, marked.
 */
import type { Transaction } from '../../../platform/database.ts';
import { INBOX_TABLE } from '../../../platform/inbox.ts';
import { OUTBOX_TABLE } from '../../../platform/outbox.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE menus (
      vendor text PRIMARY KEY,
      account text NOT NULL,
      currency text NOT NULL,
      time_zone text NOT NULL,
      version bigint NOT NULL DEFAULT 1,
      -- of the vendor, as its service counts; 0: read by a call
      vendor_version bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE categories (
      id text PRIMARY KEY,
      vendor text NOT NULL REFERENCES menus,
      name text NOT NULL,
      description text NOT NULL,
      position integer NOT NULL,
      version integer NOT NULL DEFAULT 1,
      removed_at timestamptz
    );
    CREATE INDEX categories_vendor ON categories (vendor, id) WHERE removed_at IS NULL;
    CREATE TABLE option_groups (
      id text PRIMARY KEY,
      vendor text NOT NULL REFERENCES menus,
      name text NOT NULL,
      min integer NOT NULL CHECK (min >= 0),
      max integer NOT NULL CHECK (max >= 1 AND max >= min),
      required boolean NOT NULL,
      options jsonb NOT NULL,
      version integer NOT NULL DEFAULT 1,
      removed_at timestamptz
    );
    CREATE INDEX option_groups_vendor ON option_groups (vendor, id) WHERE removed_at IS NULL;
    CREATE TABLE products (
      id text PRIMARY KEY,
      vendor text NOT NULL REFERENCES menus,
      sku text,
      category text REFERENCES categories,
      name text NOT NULL,
      description text NOT NULL,
      price_minor integer NOT NULL CHECK (price_minor >= 0),
      tax_class text NOT NULL,
      age_min integer,
      image_url text,
      active boolean NOT NULL,
      windows jsonb NOT NULL,
      variants jsonb NOT NULL,
      option_groups jsonb NOT NULL,
      position integer NOT NULL,
      version integer NOT NULL DEFAULT 1,
      removed_at timestamptz
    );
    CREATE INDEX products_vendor ON products (vendor, id) WHERE removed_at IS NULL;
    CREATE UNIQUE INDEX products_sku ON products (vendor, sku) WHERE removed_at IS NULL;
    CREATE INDEX products_category ON products (category) WHERE removed_at IS NULL;
  `);
  await trx.raw(OUTBOX_TABLE);
  await trx.raw(INBOX_TABLE);
}
