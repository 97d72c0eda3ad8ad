/** The same again: the lines of an old order at today's prices, and what of it is gone. */
import type { CartLine, Reorder } from '../../../contracts/api/carts.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import type { Call } from '../../../platform/service.ts';
import { find } from '../orders.ts';
import type { Item } from '../queries.ts';
import { checkCart } from './cart.ts';
import type { OrdersDeps } from './placing.ts';
import { priceView, quoteCart } from './quoting.ts';

/** A cart of what can still be bought, priced for the same door. Nothing is placed. */
export async function reorder(deps: OrdersDeps, id: string, call: Call): Promise<Reorder> {
  const order = await find(deps.database, id, call);
  const nowMs = Math.round((await deps.door()).clock.zoneMs());
  const menu = await deps.knowledge.menu(order.vendor, call, deps.knowledge.nowMs());
  const kept: CartLine[] = [];
  const gone: Reorder['gone'] = [];
  for (const item of order.items) {
    const line = lineOf(item);
    const { problems } = checkCart(menu, [line], { atMs: nowMs, at: '', ageConfirmed: true });
    const [problem] = problems;
    if (problem === undefined) kept.push(line);
    else gone.push({ product: item.product, name: item.name, expected: problem.expected });
  }
  const cart = { vendor: order.vendor, items: kept };
  const dropoff = { lat: order.dropoff_lat_e7 / 1e7, lon: order.dropoff_lon_e7 / 1e7 };
  if (kept.length === 0) return { ...cart, dropoff, gone, quote: null, problem: null };
  const asked = { cart: { ...cart, ageConfirmed: true }, customer: order.customer, dropoff };
  try {
    const quoted = await quoteCart(deps, { ...asked, at: '', dropoffField: '/dropoff' }, call);
    return { ...cart, dropoff, gone, quote: priceView(cart, quoted), problem: null };
  } catch (error) {
    if (!(error instanceof WaggleError) || error.retryable) throw error;
    return { ...cart, dropoff, gone, quote: null, problem: error.code };
  }
}

function lineOf({ product, variant, options, quantity, note }: Item): CartLine {
  return {
    ...{ product, quantity, options: [...options] },
    ...(variant === null ? {} : { variant }),
    ...(note === null ? {} : { note }),
  };
}
