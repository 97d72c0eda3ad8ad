/** What promotions ask of their tables. Uses are exact: they are counted under the promotion's lock. */
import type { Promotion } from '../../../contracts/api/promotions.ts';
import type {
  AccountId,
  MarketId,
  OrderId,
  PromotionId,
  VendorId,
} from '../../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../../platform/database.ts';
import { timeText, timeTextOrNull } from '../../../platform/times.ts';
import { grantUses, type PromotionTerms, type UseWanted, useKey } from './promotion-rules.ts';

export interface PromotionRow extends PromotionTerms {
  readonly id: PromotionId;
  /** Upper case. */
  readonly code: string;
  readonly name: string;
  /** The vendor or the market. */
  readonly scope: string;
  readonly vendor: VendorId | null;
  readonly market: MarketId | null;
  readonly account: AccountId;
  readonly currency: string;
}

export type NewPromotion = Omit<PromotionRow, 'ended' | 'uses'>;

/** Throws the unique violation `promotions_code` when a live one has the code. */
export async function insertPromotion(trx: Transaction, row: NewPromotion): Promise<PromotionRow> {
  const [made] = await trx('promotions')
    .insert({ ...row, discount: JSON.stringify(row.discount) })
    .returning('*');
  return made as PromotionRow;
}

/** The live promotion of a code; the vendor's own before the market's. */
export async function promotionByCode(
  db: Queryable,
  code: string,
  scopes: readonly string[],
): Promise<PromotionRow | undefined> {
  return db('promotions')
    .whereIn('scope', [...scopes])
    .where({ code, ended: false })
    .orderByRaw('vendor IS NULL')
    .first();
}

/** How often a customer has used a promotion. */
export async function usesOf(db: Queryable, promotion: string, customer: string): Promise<number> {
  const row: { n?: number | string } | undefined = await db('promotion_uses')
    .where({ promotion, customer, returned: false })
    .count({ n: '*' })
    .first();
  return Number(row?.n ?? 0);
}

export async function promotionById(db: Queryable, id: string): Promise<PromotionRow | undefined> {
  return db('promotions').where({ id }).first();
}

export interface PromotionFilter {
  readonly account: string | undefined;
  readonly vendor: string | undefined;
  readonly ended: boolean | undefined;
  readonly before: string | undefined;
}

/** Newest first. */
export async function listPromotions(
  db: Queryable,
  filter: PromotionFilter,
  limit: number,
): Promise<PromotionRow[]> {
  const query = db('promotions').orderBy('id', 'desc').limit(limit);
  if (filter.account !== undefined) query.where({ account: filter.account });
  if (filter.vendor !== undefined) query.where({ vendor: filter.vendor });
  if (filter.ended !== undefined) query.where({ ended: filter.ended });
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

/** Ends one for good; undefined when there is none. */
export async function endPromotion(db: Queryable, id: string): Promise<PromotionRow | undefined> {
  const [row] = await db('promotions').where({ id }).update({ ended: true }).returning('*');
  return row as PromotionRow | undefined;
}

/** Takes what fits of several placements' uses; of each the use that does not fit, or null. */
export async function takeUses<T extends readonly UseWanted[]>(
  trx: Transaction,
  groups: readonly T[],
): Promise<ReadonlyMap<T, UseWanted | null>> {
  const wanted = groups.flat();
  if (wanted.length === 0) return new Map(groups.map((group) => [group, null]));
  const ids = [...new Set(wanted.map(({ promotion }) => promotion))];
  // In one order everywhere, so that two transactions never wait for each other.
  const rows: PromotionRow[] = await trx('promotions')
    .whereRaw('id = ANY(?)', [ids])
    .orderBy('id')
    .forUpdate();
  const customers = [...new Set(wanted.map(({ customer }) => customer))];
  const { rows: counts } = await trx.raw<{
    rows: { promotion: string; customer: string; uses: number }[];
  }>(
    `SELECT promotion, customer, count(*) AS uses FROM promotion_uses
      WHERE promotion = ANY(?) AND customer = ANY(?) AND NOT returned
      GROUP BY promotion, customer`,
    [ids, customers],
  );
  const used = new Map(counts.map((row) => [useKey(row.promotion, row.customer), row.uses]));
  const outcomes = grantUses(groups, new Map(rows.map((row) => [row.id, row])), used);
  const granted = groups.filter((group) => outcomes.get(group) === null);
  await addUses(trx, granted.flat());
  return outcomes;
}

async function addUses(trx: Transaction, uses: readonly UseWanted[]): Promise<void> {
  if (uses.length === 0) return;
  await trx.raw(
    `WITH news AS (
       INSERT INTO promotion_uses (promotion, customer, order_id)
       SELECT * FROM unnest(?::text[], ?::text[], ?::text[]) RETURNING promotion)
     UPDATE promotions p SET uses = p.uses + n.uses
       FROM (SELECT promotion, count(*) AS uses FROM news GROUP BY promotion) n
      WHERE p.id = n.promotion`,
    [
      uses.map(({ promotion }) => promotion),
      uses.map(({ customer }) => customer),
      uses.map(({ order }) => order),
    ],
  );
}

/** Gives back what cancelled or failed orders had used; once per order, however often it is asked. */
export async function returnUses(trx: Transaction, orders: readonly OrderId[]): Promise<void> {
  if (orders.length === 0) return;
  // The promotion first, as whoever takes a use does.
  await trx.raw(
    `SELECT 1 FROM promotions WHERE id IN (
       SELECT promotion FROM promotion_uses WHERE order_id = ANY(?) AND NOT returned)
      ORDER BY id FOR UPDATE`,
    [[...orders]],
  );
  await trx.raw(
    `WITH back AS (
       UPDATE promotion_uses SET returned = true
        WHERE order_id = ANY(?) AND NOT returned RETURNING promotion)
     UPDATE promotions p SET uses = p.uses - b.uses
       FROM (SELECT promotion, count(*) AS uses FROM back GROUP BY promotion) b
      WHERE p.id = b.promotion`,
    [[...orders]],
  );
}

export function promotionView(row: PromotionRow): Promotion {
  const { discount } = row;
  return {
    id: row.id,
    code: row.code,
    name: row.name,
    kind: discount.kind,
    vendor: row.vendor,
    market: row.market,
    basisPoints: discount.kind === 'percent' ? discount.basisPoints : null,
    amountMinor: discount.kind === 'amount' ? discount.amountMinor : null,
    maxMinor: discount.kind === 'percent' ? discount.maxMinor : null,
    currency: row.currency,
    minGoodsMinor: row.min_goods_minor,
    startsAt: timeText(row.starts_ms),
    endsAt: timeTextOrNull(row.ends_ms),
    ended: row.ended,
    usesMax: row.uses_max,
    usesPerCustomerMax: row.uses_per_customer_max,
    uses: row.uses,
  };
}
