/** What `catalog` tells: which products of a vendor are now what they are. */
import type { ProductId, VendorId } from '../ids.ts';

export const CATALOG_STREAM = 'events:catalog';

/** What others need of a product; details are asked for. */
export interface ProductSummary {
  readonly id: ProductId;
  readonly name: string;
  readonly description: string;
  readonly category: string | null;
  /** Minor units of the vendor's currency; the cheapest variant. */
  readonly priceMinor: number;
  readonly imageUrl: string | null;
  readonly ageMin: number | null;
  /** Whether it may be sold at all (ops and vendor switch it off); windows and stock are apart. */
  readonly active: boolean;
}

/** The menu of a vendor changed. One event tells of a bounded number of products. */
export interface MenuChanged {
  readonly type: 'menu.changed';
  readonly vendor: VendorId;
  readonly currency: string;
  /** Of the vendor's whole menu; grows with each change. */
  readonly version: number;
  readonly changed: readonly ProductSummary[];
  readonly removed: readonly ProductId[];
}

export type CatalogEvent = MenuChanged;
