/** What a vendor is told of its business over a span of local days. */
import type { Menu } from '../../contracts/api/catalog.ts';
import {
  ANALYTICS_DAYS_MAX,
  POPULAR_PRODUCTS_MAX,
  type VendorAnalytics,
  type VendorAnalyticsQuery,
} from '../../contracts/api/vendor-analytics.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { dateText, localDayOf } from '../../contracts/opening-hours.ts';
import type { Call } from '../../platform/service.ts';
import * as rows from './analytics-queries.ts';
import { owns } from './changing.ts';
import { added, type HourSums, NO_SUMS, type Sums } from './counting.ts';
import * as queries from './queries.ts';
import { currencies, type VendorsDeps } from './vendors.ts';

const DAYS_DEFAULT = 30;
const DAY_MS = 86_400_000;

/** For the vendor's account and ops. */
export async function analytics(
  deps: VendorsDeps,
  params: VendorAnalyticsQuery,
  call: Call,
): Promise<VendorAnalytics> {
  const { knex } = deps.database;
  const vendor = await queries.vendorById(knex, params.id);
  if (vendor === undefined || !owns(call, vendor)) throw new WaggleError('resource.not_found');
  const { clock } = await deps.door();
  const today = localDayOf(vendor.time_zone, clock.zoneMs());
  const { from, to } = spanOf(params, today);
  const span = { vendor: vendor.id, from, to };
  const [hours, popular, names, currencyAt] = await Promise.all([
    rows.hoursOf(knex, span),
    rows.popularOf(knex, span, POPULAR_PRODUCTS_MAX),
    productNames(vendor.id, call),
    currencies(deps),
  ]);
  const total = sumOf(hours);
  return {
    vendor: vendor.id,
    currency: currencyAt(vendor),
    from: dateText(from),
    to: dateText(to),
    totals: businessOf(total),
    preparation: preparationOf(total),
    days: [...Map.groupBy(hours, ({ day }) => day)].map(([day, parts]) => ({
      date: dateText(day),
      ...businessOf(sumOf(parts)),
    })),
    hours: [...Map.groupBy(hours, ({ hour }) => hour)]
      .sort(([a], [b]) => a - b)
      .map(([hour, parts]) => {
        const sums = sumOf(parts);
        return { hour, ...businessOf(sums), preparation: preparationOf(sums) };
      }),
    products: popular.map((product) => ({ ...product, name: names.get(product.product) ?? null })),
  };
}

/** The span of days that is asked for. Throws `request.invalid` when it is none, or too long. */
export function spanOf(
  params: Pick<VendorAnalyticsQuery, 'from' | 'to'>,
  today: number,
): { readonly from: number; readonly to: number } {
  const to = params.to === undefined ? today : Date.parse(params.to) / DAY_MS;
  const from = params.from === undefined ? to - DAYS_DEFAULT + 1 : Date.parse(params.from) / DAY_MS;
  if (from > to || to - from >= ANALYTICS_DAYS_MAX) {
    const expected = `not after \`to\`, and at most ${ANALYTICS_DAYS_MAX} days`;
    throw new WaggleError('request.invalid', undefined, [{ field: '/from', expected }]);
  }
  return { from, to };
}

/** A menu that cannot be had leaves products without their names. */
async function productNames(vendor: string, call: Call): Promise<Map<string, string>> {
  try {
    const menu = await call.call<Menu>('catalog.menu', { vendor }, { kind: 'system' });
    return new Map(menu.products.map(({ id, name }) => [id, name]));
  } catch {
    return new Map();
  }
}

function sumOf(parts: readonly HourSums[]): Sums {
  return parts.reduce<Sums>(added, NO_SUMS);
}

function businessOf(sums: Sums): VendorAnalytics['totals'] {
  const { orders, delivered, cancelled, failed, revenue_minor, tips_minor } = sums;
  const money = { revenueMinor: revenue_minor, tipsMinor: tips_minor };
  return { orders, delivered, cancelled, failed, ...money };
}

function preparationOf(sums: Sums): VendorAnalytics['preparation'] {
  const { tickets, rejected, late, error_ms, absolute_error_ms } = sums;
  const mean = (ms: number): number | null =>
    tickets === 0 ? null : Math.round(ms / tickets / 100) / 10;
  const meanAbsoluteErrorSeconds = mean(absolute_error_ms);
  return { tickets, rejected, late, meanErrorSeconds: mean(error_ms), meanAbsoluteErrorSeconds };
}
