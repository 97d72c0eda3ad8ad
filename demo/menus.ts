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

/** A vendor with what it sells, in the order of the menu. */
export interface Shop {
  readonly id: VendorId;
  readonly products: readonly ProductId[];
}

/** The menu of a vendor; makes it where there is none. `isNew`: nobody can have made one. */
export async function openShop(ops: Session, id: VendorId, isNew: boolean): Promise<Shop> {
  const path = `/vendors/${encodeURIComponent(id)}`;
  const known = isNew ? [] : await soldBy(ops, path);
  const products: ProductId[] = [];
  for (const dish of DISHES) {
    const found = known.find(({ name }) => name === dish.name);
    const product =
      found ??
      (await ops.call<Product>({ method: 'POST', path: `${path}/products`, body: { ...dish } }));
    products.push(product.id);
  }
  return { id, products };
}

async function soldBy(ops: Session, path: string): Promise<Menu['products']> {
  return (await ops.call<Menu>({ method: 'GET', path: `${path}/menu` })).products;
}

/** The cart of the n-th order: one to three meals, and something to drink with every other one. */
export function cartOf({ products: [dish, drink] }: Shop, index: number): CartLine[] {
  if (dish === undefined) return [];
  const meals: CartLine = { product: dish, quantity: 1 + (index % 3) };
  return index % 2 === 0 || drink === undefined
    ? [meals]
    : [meals, { product: drink, quantity: 1 }];
}
