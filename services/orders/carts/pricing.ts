/**
 * What a cart costs: goods, promotion, fees, tax and tip. Pure integer arithmetic over what the
 * vendor's menu and the market's price policy say; never a price from a client.
 *
 * Rounding rule "half up, per line": every share is rounded once, where it arises, halves away from
 * zero; sums are sums of rounded parts, so that what a receipt lists adds up to what is paid. A
 * discount on the goods is spread over the lines by largest remainder before tax is taken from them.
 */

/** Most that the goods of one cart may come to: every product of it with a rate stays exact. */
export const GOODS_MINOR_MAX = 1_000_000_000;
export const TIP_MINOR_MAX = 10_000_000;
const MILLION = 1_000_000;
const BASIS_POINTS = 10_000;

/** Fees and taxes of a market. Money in minor units of its currency; 0: none. */
export interface PriceTerms {
  /** Whether the prices of goods and fees contain their tax already. */
  readonly taxInclusive: boolean;
  /** Millionths (88,750 is 8.875 %) by tax class; a class that is not named is not taxed. */
  readonly taxPerMillion: Readonly<Record<string, number>>;
  /** The class of delivery, service and small-order fees; null: not taxed. Tips never are. */
  readonly feeTaxClass: string | null;
  readonly deliveryFeeMinor: number;
  /** Hundredths of a percent of the goods after the promotion, then held between least and most. */
  readonly serviceFeeBasisPoints: number;
  readonly serviceFeeMinMinor: number;
  readonly serviceFeeMaxMinor: number;
  /** Goods below this (before the promotion) cost `smallOrderFeeMinor` more. */
  readonly smallOrderBelowMinor: number;
  readonly smallOrderFeeMinor: number;
}

/** What a promotion does. `maxMinor` null: no limit but the goods themselves. */
export type Discount =
  | { readonly kind: 'percent'; readonly basisPoints: number; readonly maxMinor: number | null }
  | { readonly kind: 'amount'; readonly amountMinor: number }
  | { readonly kind: 'free_delivery' };

/** One line to be priced. */
export interface GoodsLine {
  /** What it is; equal keys are interchangeable. Decides ties, so that the order of lines does not. */
  readonly key: string;
  /** Quantity times unit price with options. */
  readonly goodsMinor: number;
  readonly taxClass: string;
}

export interface LinePrice {
  readonly goodsMinor: number;
  readonly discountMinor: number;
  /** Contained in the price or on top of it, as the market has it. */
  readonly taxMinor: number;
}

export interface TaxPart {
  readonly taxClass: string;
  readonly perMillion: number;
  readonly taxMinor: number;
}

/** All parts; `totalMinor` is exactly their sum (tax only where it is not contained). */
export interface Price {
  readonly lines: readonly LinePrice[];
  readonly goodsMinor: number;
  readonly discountMinor: number;
  readonly deliveryFeeMinor: number;
  readonly deliveryDiscountMinor: number;
  readonly serviceFeeMinor: number;
  readonly smallOrderFeeMinor: number;
  readonly taxInclusive: boolean;
  readonly taxMinor: number;
  /** `taxMinor` by class, in the order of their names. */
  readonly taxes: readonly TaxPart[];
  readonly tipMinor: number;
  readonly totalMinor: number;
}

export interface PriceExtras {
  readonly discount: Discount | null;
  readonly tipMinor: number;
}

/** Prices lines whose goods stay within GOODS_MINOR_MAX. Pure. */
export function priceCart(
  lines: readonly GoodsLine[],
  terms: PriceTerms,
  { discount, tipMinor }: PriceExtras,
): Price {
  const goodsMinor = sumOf(lines.map((line) => line.goodsMinor));
  const discountMinor = goodsDiscount(goodsMinor, discount);
  const shares = spread(discountMinor, lines);
  const deliveryFeeMinor = terms.deliveryFeeMinor;
  const deliveryDiscountMinor = discount?.kind === 'free_delivery' ? deliveryFeeMinor : 0;
  const serviceFeeMinor = serviceFee(goodsMinor - discountMinor, terms);
  const smallOrderFeeMinor = goodsMinor < terms.smallOrderBelowMinor ? terms.smallOrderFeeMinor : 0;
  const taxes = new Map<string, number>();
  const taxOf = (taxClass: string | null, baseMinor: number): number => {
    const taxMinor = tax(baseMinor, taxClass, terms);
    if (taxClass !== null && taxMinor > 0)
      taxes.set(taxClass, (taxes.get(taxClass) ?? 0) + taxMinor);
    return taxMinor;
  };
  const priced = lines.map((line, index): LinePrice => {
    const share = shares[index] ?? 0;
    const taxMinor = taxOf(line.taxClass, line.goodsMinor - share);
    return { goodsMinor: line.goodsMinor, discountMinor: share, taxMinor };
  });
  const fees = [deliveryFeeMinor - deliveryDiscountMinor, serviceFeeMinor, smallOrderFeeMinor];
  for (const fee of fees) taxOf(terms.feeTaxClass, fee);
  const parts = [...taxes].map(
    ([taxClass, taxMinor]): TaxPart => ({
      ...{ taxClass, taxMinor },
      perMillion: terms.taxPerMillion[taxClass] ?? 0,
    }),
  );
  const taxMinor = sumOf([...taxes.values()]);
  return {
    lines: priced,
    ...{ goodsMinor, discountMinor, deliveryFeeMinor, deliveryDiscountMinor },
    ...{ serviceFeeMinor, smallOrderFeeMinor, taxMinor, tipMinor },
    taxInclusive: terms.taxInclusive,
    taxes: parts.sort((a, b) => (a.taxClass < b.taxClass ? -1 : 1)),
    totalMinor:
      goodsMinor - discountMinor + sumOf(fees) + (terms.taxInclusive ? 0 : taxMinor) + tipMinor,
  };
}

function goodsDiscount(goodsMinor: number, discount: Discount | null): number {
  if (discount === null || discount.kind === 'free_delivery') return 0;
  if (discount.kind === 'amount') return Math.min(goodsMinor, discount.amountMinor);
  const share = halfUp(goodsMinor * discount.basisPoints, BASIS_POINTS);
  return Math.min(goodsMinor, share, discount.maxMinor ?? share);
}

/** Divides an amount over the lines by their goods: largest remainder first, ties by key. */
function spread(amountMinor: number, lines: readonly GoodsLine[]): readonly number[] {
  const whole = sumOf(lines.map((line) => line.goodsMinor));
  if (amountMinor === 0 || whole === 0) return lines.map(() => 0);
  const parts = lines.map(({ goodsMinor, key }, index) => {
    // Both factors may reach 10^9: only their quotient is a safe integer.
    const product = BigInt(goodsMinor) * BigInt(amountMinor);
    const share = Number(product / BigInt(whole));
    return { index, key, goodsMinor, share, rest: Number(product % BigInt(whole)) };
  });
  let left = amountMinor - sumOf(parts.map(({ share }) => share));
  const byRest = [...parts].sort(
    (a, b) => b.rest - a.rest || compare(a.key, b.key) || b.goodsMinor - a.goodsMinor,
  );
  for (const part of byRest) {
    if (left-- <= 0) break;
    part.share += 1;
  }
  return parts.map(({ share }) => share);
}

function serviceFee(goodsMinor: number, terms: PriceTerms): number {
  const share = halfUp(goodsMinor * terms.serviceFeeBasisPoints, BASIS_POINTS);
  return Math.max(terms.serviceFeeMinMinor, Math.min(terms.serviceFeeMaxMinor, share));
}

function tax(baseMinor: number, taxClass: string | null, terms: PriceTerms): number {
  const rate = taxClass === null ? 0 : (terms.taxPerMillion[taxClass] ?? 0);
  return halfUp(baseMinor * rate, terms.taxInclusive ? MILLION + rate : MILLION);
}

/** Integer division, halves up; both are not negative and their product is a safe integer. */
function halfUp(dividend: number, divisor: number): number {
  const rest = dividend % divisor;
  return (dividend - rest) / divisor + (rest * 2 >= divisor ? 1 : 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
