/** A small menu for every vendor of the stage, made through the public catalog; and what is bought. */
import type { CartLine } from '../contracts/api/carts.ts';
import type { Menu, Product } from '../contracts/api/catalog.ts';
import type { ProductId, VendorId } from '../contracts/ids.ts';
import type { Session } from './session.ts';

/** What every vendor sells, by the names an earlier run finds them again. Minor units. */
const DISHES = [
  { name: 'Menu of the day', priceMinor: 1_250 },
  { name: 'Something to drink', priceMinor: 350 },
] as const;

/** Only in the generated city, and only a few of it: when they are sold, they are sold. */
const SPECIAL = { name: 'Special of the day', priceMinor: 1_690 };

/** A vendor with what it sells, in the order of the menu. */
export interface Shop {
  readonly id: VendorId;
  /** As customers know it. */
  readonly name: string;
  readonly products: readonly ProductId[];
}

export interface ShopWanted {
  readonly id: VendorId;
  readonly name: string;
  /** Nobody can have made its menu yet. */
  readonly isNew: boolean;
  /** How many specials of the day there are; 0: it has none. */
  readonly specials: number;
}

/** The menu of a vendor; makes it where there is none, and counts the specials anew. */
export async function openShop(ops: Session, wanted: ShopWanted): Promise<Shop> {
  const { id, name, isNew, specials } = wanted;
  const path = `/vendors/${encodeURIComponent(id)}`;
  const known = isNew ? [] : await soldBy(ops, path);
  const products: ProductId[] = [];
  for (const dish of specials > 0 ? [...DISHES, SPECIAL] : DISHES) {
    const found = known.find(({ name }) => name === dish.name);
    const product =
      found ??
      (await ops.call<Product>({ method: 'POST', path: `${path}/products`, body: { ...dish } }));
    products.push(product.id);
  }
  const special = products[DISHES.length];
  if (special !== undefined) {
    const body = { items: [{ product: special, available: specials }] };
    await ops.call({ method: 'PUT', path: `${path}/stock`, body });
  }
  return { id, name, products };
}

async function soldBy(ops: Session, path: string): Promise<Menu['products']> {
  return (await ops.call<Menu>({ method: 'GET', path: `${path}/menu` })).products;
}

/**
 * The cart of the n-th order: one to three meals, and something to drink with every other one; or
 * the special alone.
 */
export function cartOf({ products }: Shop, index: number, wantsSpecial: boolean): CartLine[] {
  const [dish, drink, special] = products;
  if (wantsSpecial && special !== undefined) return [{ product: special, quantity: 1 }];
  if (dish === undefined) return [];
  const meals: CartLine = { product: dish, quantity: 1 + (index % 3) };
  return index % 2 === 0 || drink === undefined
    ? [meals]
    : [meals, { product: drink, quantity: 1 }];
}
