/** Making, listing and ending promotions: vendors their own, ops those of a market and all others. */
import { PAGE_LIMIT_DEFAULT } from '../../../contracts/api/common.ts';
import type {
  Promotion,
  PromotionCreate,
  PromotionList,
  PromotionQuery,
} from '../../../contracts/api/promotions.ts';
import type { VendorTerms } from '../../../contracts/api/vendor-terms.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { type AccountId, type MarketId, newId, type VendorId } from '../../../contracts/ids.ts';
import { uniqueViolation } from '../../../platform/database-errors.ts';
import { idempotent } from '../../../platform/idempotency.ts';
import { decodeCursor, pageOf } from '../../../platform/paging.ts';
import { type Call, requireUser } from '../../../platform/service.ts';
import { parseTime } from '../../../platform/times.ts';
import { readTerms } from '../carts/knowledge.ts';
import type { Discount } from '../carts/pricing.ts';
import type { QuotingDeps } from '../carts/quoting.ts';
import * as queries from './promotion-queries.ts';

/** Makes a promotion once per Idempotency-Key. */
export async function createPromotion(
  deps: QuotingDeps,
  params: PromotionCreate,
  call: Call,
): Promise<Promotion> {
  const { sub } = requireUser(call);
  const scope = await scopeOf(deps, params, call);
  const nowMs = Math.round((await deps.door()).clock.zoneMs());
  const row: queries.NewPromotion = {
    ...scope,
    id: newId('promotion'),
    code: params.code.toUpperCase(),
    name: params.name,
    discount: discountOf(params),
    min_goods_minor: params.minGoodsMinor ?? 0,
    ...lifeOf(params, nowMs),
    uses_max: params.usesMax ?? null,
    uses_per_customer_max: params.usesPerCustomerMax ?? null,
  };
  const request = { owner: sub, key: call.idempotencyKey, request: params };
  try {
    const { answer } = await idempotent(deps.database, request, async (trx) =>
      queries.promotionView(await queries.insertPromotion(trx, row)),
    );
    return answer;
  } catch (error) {
    if (uniqueViolation(error) !== 'promotions_code') throw error;
    throw new WaggleError('resource.conflict', undefined, [
      { field: '/code', expected: 'a code that no live promotion has' },
    ]);
  }
}

interface PromotionScope {
  readonly scope: string;
  readonly vendor: VendorId | null;
  readonly market: MarketId | null;
  readonly account: AccountId;
  readonly currency: string;
}

async function scopeOf(
  deps: QuotingDeps,
  { vendor, market }: PromotionCreate,
  call: Call,
): Promise<PromotionScope> {
  const user = requireUser(call);
  if ((vendor === undefined) === (market === undefined)) {
    throw invalid('/vendor', 'either a vendor or a market');
  }
  const door = await deps.door();
  if (market !== undefined) {
    if (user.role !== 'ops') throw new WaggleError('auth.forbidden');
    const zone = door.zones().find((each) => each.market === market);
    if (zone === undefined) throw invalid('/market', 'a market with zones');
    const { account } = user;
    return { scope: market, vendor: null, market, account, currency: zone.currency };
  }
  const id = vendor ?? '';
  const nowMs = Math.round(door.clock.zoneMs());
  const terms = await readTerms(id, nowMs, call).catch(notFound);
  if (terms === undefined || (user.role !== 'ops' && terms.account !== user.account)) {
    throw invalid('/vendor', 'one of your vendors');
  }
  const { account, currency } = terms;
  if (currency === null) throw new WaggleError('zone.none_here');
  return { scope: id, vendor: id, market: null, account, currency };
}

function notFound(error: unknown): VendorTerms | undefined {
  if (error instanceof WaggleError && error.code === 'resource.not_found') return undefined;
  throw error;
}

/** What a kind needs must be there, what it does not know must not. */
function discountOf(params: PromotionCreate): Discount {
  const { kind, basisPoints, amountMinor, maxMinor } = params;
  const needs = {
    percent: 'basisPoints',
    amount: 'amountMinor',
    free_delivery: undefined,
  } as const;
  for (const [name, value] of Object.entries({ basisPoints, amountMinor, maxMinor })) {
    const isNeeded = needs[kind] === name;
    const isAllowed = isNeeded || (kind === 'percent' && name === 'maxMinor');
    if (isNeeded && value === undefined) throw invalid(`/${name}`, `needed for ${kind}`);
    if (!isAllowed && value !== undefined) throw invalid(`/${name}`, `not for ${kind}`);
  }
  if (kind === 'percent') {
    return { kind, basisPoints: basisPoints ?? 0, maxMinor: maxMinor ?? null };
  }
  return kind === 'amount' ? { kind, amountMinor: amountMinor ?? 0 } : { kind };
}

function lifeOf(
  { startsAt, endsAt }: PromotionCreate,
  nowMs: number,
): { readonly starts_ms: number; readonly ends_ms: number | null } {
  const starts = startsAt === undefined ? nowMs : parseTime(startsAt, '/startsAt');
  const ends = endsAt === undefined ? null : parseTime(endsAt, '/endsAt');
  if (ends !== null && ends <= starts) throw invalid('/endsAt', 'after startsAt');
  return { starts_ms: starts, ends_ms: ends };
}

/** Newest first; a vendor sees those of its account. */
export async function listPromotions(
  { database }: QuotingDeps,
  params: PromotionQuery,
  call: Call,
): Promise<PromotionList> {
  const user = requireUser(call);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.PromotionFilter = {
    account: user.role === 'ops' ? undefined : user.account,
    vendor: params.vendor,
    ended: params.live === undefined ? undefined : !params.live,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listPromotions(database.knex, filter, limit + 1), limit);
  return { items: page.rows.map(queries.promotionView), next: page.next };
}

/** Ends a promotion for good; again changes nothing. What was ordered with it keeps its price. */
export async function endPromotion(
  { database }: QuotingDeps,
  id: string,
  call: Call,
): Promise<Promotion> {
  const user = requireUser(call);
  const row = await queries.promotionById(database.knex, id);
  const isTheirs =
    row !== undefined && (row.market === null ? row.account === user.account : false);
  if (row === undefined || (user.role !== 'ops' && !isTheirs)) {
    throw new WaggleError('resource.not_found');
  }
  const ended = await queries.endPromotion(database.knex, id);
  if (ended === undefined) throw new WaggleError('resource.not_found');
  return queries.promotionView(ended);
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}
