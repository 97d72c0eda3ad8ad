/** Markets: made, listed, changed. What a delivery costs in one goes to the directory of zones. */
import type {
  Market,
  MarketChange,
  MarketCreate,
  MarketList,
} from '../../contracts/api/markets.ts';
import {
  type DeliveryPrice,
  defaultDeliveryPrice,
  priceProblem,
} from '../../contracts/delivery-terms.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { repeatable } from '../../platform/idempotency.ts';
import type { Call } from '../../platform/service.ts';
import { isTimeZone } from '../../platform/times.ts';
import * as queries from './queries.ts';
import type { ZonesDeps } from './zones.ts';

export async function createMarket(
  deps: ZonesDeps,
  params: MarketCreate,
  call: Call,
): Promise<Market> {
  if (!isTimeZone(params.timeZone)) throw invalid('/timeZone', 'an IANA time zone');
  const { name, timeZone, currency, deliveryPrice } = params;
  const price = deliveryPrice ? changedPrice(defaultDeliveryPrice(currency), deliveryPrice) : null;
  return repeatable(deps.database, call, ['market', params], async (trx) => {
    const id = newId('market');
    const market = { id, name, time_zone: timeZone, currency, delivery_price: price };
    return queries.marketView(await queries.insertMarket(trx, market));
  });
}

export async function listMarkets(deps: ZonesDeps): Promise<MarketList> {
  const rows = await queries.listMarkets(deps.database.knex);
  return { items: rows.map(queries.marketView) };
}

/** Changes a market; its zones' entries in the directory follow at once. */
export async function changeMarket(deps: ZonesDeps, params: MarketChange): Promise<Market> {
  const changed = await deps.database.transaction(async (trx) => {
    const row = await queries.lockMarket(trx, params.id);
    if (row === undefined) throw new WaggleError('resource.not_found');
    return queries.patchMarket(trx, row.id, {
      name: params.name ?? row.name,
      delivery_price: params.deliveryPrice
        ? changedPrice(queries.priceOf(row), params.deliveryPrice)
        : row.delivery_price,
    });
  });
  deps.wakeOpener();
  return queries.marketView(changed);
}

function changedPrice(price: DeliveryPrice, part: Partial<DeliveryPrice>): DeliveryPrice {
  const next = { ...price, ...part };
  const problem = priceProblem(next);
  if (problem !== undefined) throw invalid('/deliveryPrice', problem);
  return next;
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}
