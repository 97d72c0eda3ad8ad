/** When a promotion may be used, and by how many at once. Pure. */
import type { OrderId, UserId } from '../../../contracts/ids.ts';
import type { Discount } from '../carts/pricing.ts';

/** What the rules need of a promotion; null limits: none. */
export interface PromotionTerms {
  readonly id: string;
  readonly discount: Discount;
  readonly min_goods_minor: number;
  /** Zone ms. */
  readonly starts_ms: number;
  readonly ends_ms: number | null;
  readonly ended: boolean;
  readonly uses_max: number | null;
  readonly uses_per_customer_max: number | null;
  readonly uses: number;
}

export function discountOf({ discount }: Pick<PromotionTerms, 'discount'>): Discount {
  return discount;
}

export interface PromotionUse {
  readonly nowMs: number;
  readonly goodsMinor: number;
  readonly usedByCustomer: number;
}

/** What is expected instead; null: it may be used. */
export function promotionProblem(
  promotion: PromotionTerms | undefined,
  { nowMs, goodsMinor, usedByCustomer }: PromotionUse,
): string | null {
  if (promotion === undefined || promotion.ended) return 'a code that is known here';
  if (nowMs < promotion.starts_ms) return 'a promotion that has begun';
  if (promotion.ends_ms !== null && nowMs >= promotion.ends_ms)
    return 'a promotion that has not expired';
  if (goodsMinor < promotion.min_goods_minor) {
    return `goods for at least ${promotion.min_goods_minor}`;
  }
  if (promotion.uses_max !== null && promotion.uses >= promotion.uses_max) {
    return 'a promotion that is not used up';
  }
  const perCustomer = promotion.uses_per_customer_max;
  if (perCustomer !== null && usedByCustomer >= perCustomer) {
    return 'a promotion that you have not used up';
  }
  return null;
}

export interface UseWanted {
  readonly order: OrderId;
  readonly customer: UserId;
  readonly promotion: string;
  /** JSON Pointer of its cart in the request. */
  readonly at: string;
}

/**
 * Which placements' uses fit what is left, first come first served; those of one placement all or
 * none. Of each the use that does not fit; null: all do. `used` counts by
 * `useKey(promotion, customer)`; all of it must be locked by the caller.
 */
export function grantUses<T extends readonly UseWanted[]>(
  groups: readonly T[],
  promotions: ReadonlyMap<string, PromotionTerms>,
  used: ReadonlyMap<string, number>,
): ReadonlyMap<T, UseWanted | null> {
  let taken = new Map(used);
  const outcomes = new Map<T, UseWanted | null>();
  for (const group of groups) {
    const after = takeAll(group, promotions, taken);
    if (after instanceof Map) taken = after;
    outcomes.set(group, after instanceof Map ? null : after);
  }
  return outcomes;
}

/** The counts with one group more, or its use that does not fit. Keys without a customer count in all. */
function takeAll(
  group: readonly UseWanted[],
  promotions: ReadonlyMap<string, PromotionTerms>,
  taken: ReadonlyMap<string, number>,
): Map<string, number> | UseWanted {
  const after = new Map(taken);
  for (const use of group) {
    const { promotion: id, customer } = use;
    const promotion = promotions.get(id);
    if (promotion === undefined || promotion.ended) return use;
    const own = useKey(id, customer);
    const inAll = after.get(id) ?? promotion.uses;
    const byCustomer = after.get(own) ?? 0;
    const { uses_max: max, uses_per_customer_max: perCustomerMax } = promotion;
    if (max !== null && inAll >= max) return use;
    if (perCustomerMax !== null && byCustomer >= perCustomerMax) return use;
    after.set(id, inAll + 1).set(own, byCustomer + 1);
  }
  return after;
}

export function useKey(promotion: string, customer: string): string {
  return `${promotion} ${customer}`;
}
