/** Reading stock: of a vendor by pages, its history, and what everybody may know of it. */

import type { ProductsUnknown } from '../../contracts/api/catalog-editing.ts';
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import {
  type Adjustment,
  type AdjustmentList,
  type AdjustmentQuery,
  LEVELS_MAX,
  type Stock,
  type StockLevels,
  type StockList,
  type StockQuery,
} from '../../contracts/api/inventory.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { Database } from '../../platform/database.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { Call } from '../../platform/service.ts';
import { timeText } from '../../platform/times.ts';
import { recordKey, type StockRecord } from './ledger.ts';
import * as queries from './queries.ts';

export interface Line {
  readonly product: string;
  readonly variant?: string | null | undefined;
}

/** Asks the catalog, as the caller, whether these are products of a vendor that is the caller's. */
export async function checkOwn(
  call: Call,
  vendor: string,
  lines: readonly Line[],
  fieldOf: (index: number) => string = () => '/product',
): Promise<void> {
  const items = lines.map(({ product, variant = null }) => ({ product, variant }));
  const { unknown } = await call.call<ProductsUnknown>('catalog.known', { vendor, items });
  if (unknown.length === 0) return;
  const expected = 'a product (and variant) of this vendor';
  throw new WaggleError(
    'request.invalid',
    undefined,
    unknown.slice(0, 20).map((index) => ({ field: fieldOf(index), expected })),
  );
}

export async function list(database: Database, params: StockQuery, call: Call): Promise<StockList> {
  await checkOwn(call, params.vendor, []);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeKey(params.cursor);
  const { vendor, level } = params;
  const rows = await queries.listStock(database.knex, { vendor, level, after }, limit + 1);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  const next =
    last === undefined
      ? null
      : Buffer.from(recordKey(last.product, last.variant)).toString('base64url');
  return { items: page.map(stockView), next };
}

/** Cursors of stock name the record, which has no id of its own. */
function decodeKey(cursor: string): { readonly product: string; readonly variant: string } {
  const match = /^(prd_[0-9a-f-]{36}) ((?:var_[0-9a-f-]{36})?)$/.exec(
    Buffer.from(cursor, 'base64url').toString(),
  );
  if (match === null) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/cursor', expected: 'the `next` of an earlier page' },
    ]);
  }
  return { product: match[1] ?? '', variant: match[2] ?? '' };
}

export async function adjustments(
  database: Database,
  params: AdjustmentQuery,
  call: Call,
): Promise<AdjustmentList> {
  await checkOwn(call, params.vendor, []);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const before = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const { vendor, product } = params;
  const rows = await queries.listAdjustments(database.knex, { vendor, product, before }, limit + 1);
  const page = pageOf(rows, limit);
  return { items: page.rows.map(adjustmentView), next: page.next };
}

/** What of a menu is low or out; for everybody. A vendor nobody knows has nothing that is. */
export async function levels(database: Database, vendor: string): Promise<StockLevels> {
  const rows = await queries.scarceStock(database.knex, vendor, LEVELS_MAX);
  return {
    vendor,
    items: rows.map(({ product, variant, level, available }) => ({
      ...{ product, level, available },
      variant: variant === '' ? null : variant,
    })),
  };
}

export function stockView(row: StockRecord): Stock {
  const { vendor, product, variant, available, reserved, low_mark, level, version } = row;
  return {
    ...{ vendor, product, available, reserved, level, version },
    variant: variant === '' ? null : variant,
    lowMark: low_mark,
  };
}

export function adjustmentView(row: queries.AdjustmentRow): Adjustment {
  const { id, product, variant, delta, available, reason, note, actor, at_ms } = row;
  return {
    ...{ id, product, delta, available, reason, note, actor },
    variant: variant === '' ? null : variant,
    at: timeText(at_ms),
  };
}
