/** What the zones service asks of its tables. */
import { Model } from 'objection';
import type { Market } from '../../contracts/api/markets.ts';
import type { Zone } from '../../contracts/api/zones.ts';
import {
  type DeliveryPrice,
  defaultDeliveryPrice,
  deliveryTerms,
} from '../../contracts/delivery-terms.ts';
import type { GeoPolygon } from '../../contracts/geo.ts';
import type { MarketId, ZoneId } from '../../contracts/ids.ts';
import {
  DEFAULT_POLICY,
  policyAtSpeed,
  type ZoneChange,
  type ZoneConfig,
  type ZoneEntry,
} from '../../contracts/zone.ts';
import type { LogPosition } from '../../dispatch/redis/door.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';

export class MarketRow extends Model {
  static override tableName = 'markets';
  static override jsonAttributes = ['delivery_price'];
  declare id: MarketId;
  declare name: string;
  declare time_zone: string;
  declare currency: string;
  /** Null: the usual one of the currency. */
  declare delivery_price: DeliveryPrice | null;
  declare created_at: Date;
}

export class ZoneRow extends Model {
  static override tableName = 'zones';
  static override jsonAttributes = ['polygon', 'config', 'change'];
  declare id: ZoneId;
  declare market: MarketId;
  declare name: string;
  declare shard: number;
  declare polygon: GeoPolygon;
  /** As the engine is told it, but with phones' limits in wall time. */
  declare config: ZoneConfig;
  /** Zone ms per host ms that the engine's copy of this version is stretched to. */
  declare speed: number;
  /** Who asked for this version; null: it is the first. */
  declare change: ZoneChange | null;
  declare open: boolean;
  declare sent_epoch: number | null;
  declare sent_seq: number | null;
  declare created_by: string;
  declare created_at: Date;
}

const LISTED_MAX = 1_000;
/** Held while a shard is chosen, so that two zones made at once do not choose the same. */
const SHARD_CHOICE_LOCK = 0x5a4f4e45;

export async function insertMarket(
  db: Queryable,
  market: Pick<MarketRow, 'id' | 'name' | 'time_zone' | 'currency'> &
    Partial<Pick<MarketRow, 'delivery_price'>>,
): Promise<MarketRow> {
  return MarketRow.query(db).insert(market).returning('*');
}

export async function marketById(db: Queryable, id: string): Promise<MarketRow | undefined> {
  return MarketRow.query(db).findById(id);
}

export async function lockMarket(trx: Transaction, id: string): Promise<MarketRow | undefined> {
  return MarketRow.query(trx).findById(id).forUpdate();
}

export async function patchMarket(
  trx: Transaction,
  id: MarketId,
  next: Pick<MarketRow, 'name' | 'delivery_price'>,
): Promise<MarketRow> {
  return MarketRow.query(trx).patchAndFetchById(id, next);
}

export async function listMarkets(db: Queryable): Promise<MarketRow[]> {
  return MarketRow.query(db).orderBy('id').limit(LISTED_MAX);
}

/** The shard with the fewest zones, the lowest number among equals. Locks until the commit. */
export async function leastLoadedShard(trx: Transaction, shards: number): Promise<number> {
  await trx.raw('SELECT pg_advisory_xact_lock(?)', [SHARD_CHOICE_LOCK]);
  const { rows } = await trx.raw<{ rows: { shard: number }[] }>(
    `SELECT s AS shard FROM generate_series(0, ?::int - 1) AS s
       LEFT JOIN zones z ON z.shard = s
      GROUP BY s ORDER BY count(z.id), s LIMIT 1`,
    [shards],
  );
  return rows[0]?.shard ?? 0;
}

export async function insertZone(
  trx: Transaction,
  zone: Pick<
    ZoneRow,
    'id' | 'market' | 'name' | 'shard' | 'polygon' | 'config' | 'speed' | 'created_by'
  >,
): Promise<void> {
  await ZoneRow.query(trx).insert(zone);
}

export async function zoneById(db: Queryable, id: string): Promise<ZoneRow | undefined> {
  return ZoneRow.query(db).findById(id);
}

export async function listZones(db: Queryable): Promise<ZoneRow[]> {
  return ZoneRow.query(db).orderBy('id').limit(LISTED_MAX);
}

export async function setSent(db: Queryable, id: ZoneId, position: LogPosition): Promise<void> {
  await db('zones').where({ id }).update({ sent_epoch: position.epoch, sent_seq: position.seq });
}

/** Notes whether this version is open; one that came in between stays as it is. */
export async function setOpen(db: Queryable, row: ZoneRow, open: boolean): Promise<void> {
  const { id, config } = row;
  await db('zones').where({ id }).whereRaw(IS_VERSION, [config.version]).update({ open });
}

const IS_VERSION = "(config ->> 'version')::int = ?";

export type NewVersion = Pick<ZoneRow, 'name' | 'config' | 'speed' | 'change'>;

/**
 * Stores the next version of a zone, not open yet. False: another one came in between. One
 * statement, so that two who change at once cannot both believe that they did.
 */
export async function putVersion(db: Queryable, id: ZoneId, next: NewVersion): Promise<boolean> {
  const count = await ZoneRow.query(db)
    .patch({ ...next, open: false, sent_epoch: null, sent_seq: null })
    .where({ id })
    .whereRaw(IS_VERSION, [next.config.version - 1]);
  return count === 1;
}

/** What the engine is told of a zone. */
export function engineConfig({ config, speed }: ZoneRow): ZoneConfig {
  return { ...config, policy: policyAtSpeed(config.policy, speed) };
}

export function priceOf(row: Pick<MarketRow, 'currency' | 'delivery_price'>): DeliveryPrice {
  return row.delivery_price ?? defaultDeliveryPrice(row.currency);
}

export function marketView(row: MarketRow): Market {
  return {
    id: row.id,
    name: row.name,
    timeZone: row.time_zone,
    currency: row.currency,
    deliveryPrice: priceOf(row),
    createdAt: row.created_at.toISOString(),
  };
}

export function zoneView(row: ZoneRow): Zone {
  const { config } = row;
  return {
    id: row.id,
    market: row.market,
    name: row.name,
    shard: row.shard,
    version: config.version,
    currency: config.currency,
    timeZone: config.timeZone,
    polygon: row.polygon as Zone['polygon'],
    policy: { ...config.policy },
    weights: { ...config.weights },
    open: row.open,
    createdAt: row.created_at.toISOString(),
  };
}

/** What the directory says of a zone in its market. */
export function zoneEntry(row: ZoneRow, market: MarketRow | undefined): ZoneEntry {
  const price = market ? priceOf(market) : defaultDeliveryPrice(row.config.currency);
  return {
    id: row.id,
    market: row.market,
    name: row.name,
    shard: row.shard,
    version: row.config.version,
    currency: row.config.currency,
    timeZone: row.config.timeZone,
    polygon: row.polygon,
    terms: deliveryTerms({ ...DEFAULT_POLICY, ...row.config.policy }, price),
    ...(row.config.shadow ? { shadow: row.config.shadow.version } : {}),
  };
}
