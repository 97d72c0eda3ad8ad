/**
 * Menus read lately, by vendor. Bounded by the products in them, since a menu may have one or two
 * thousand; beyond the bound the menu that was read longest ago goes.
 */
import type { Menu } from '../../contracts/api/catalog.ts';

/** Products of all menus together; about 25 MB. An empty menu counts as one. */
export const PRODUCTS_KEPT_MAX = 50_000;

export class MenuMemory {
  readonly #menus = new Map<string, Menu>();
  readonly #productsMax: number;
  #products = 0;

  constructor(productsMax: number = PRODUCTS_KEPT_MAX) {
    this.#productsMax = productsMax;
  }

  /** The menu of a vendor, if it is of this version. */
  get(vendor: string, version: number): Menu | undefined {
    const menu = this.#menus.get(vendor);
    if (menu === undefined || menu.version !== version) return undefined;
    // Read again: the last of the map is the newest read.
    this.#menus.delete(vendor);
    this.#menus.set(vendor, menu);
    return menu;
  }

  put(menu: Menu): void {
    this.#drop(menu.vendor);
    this.#menus.set(menu.vendor, menu);
    this.#products += sizeOf(menu);
    for (const vendor of this.#menus.keys()) {
      if (this.#products <= this.#productsMax) break;
      this.#drop(vendor);
    }
  }

  #drop(vendor: string): void {
    const menu = this.#menus.get(vendor);
    if (menu === undefined) return;
    this.#menus.delete(vendor);
    this.#products -= sizeOf(menu);
  }
}

function sizeOf({ products }: Menu): number {
  return Math.max(1, products.length);
}
