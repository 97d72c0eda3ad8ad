/** Rows of the catalog's tables, and how they look from outside. */
import type {
  Category,
  Option,
  OptionGroup,
  Product,
  TaxClass,
  Variant,
} from '../../contracts/api/catalog.ts';
import type { Opening } from '../../contracts/api/vendors.ts';
import type {
  AccountId,
  CategoryId,
  OptionGroupId,
  ProductId,
  VendorId,
} from '../../contracts/ids.ts';

export interface MenuRow {
  readonly vendor: VendorId;
  readonly account: AccountId;
  readonly currency: string;
  readonly time_zone: string;
  /** Whether ops let the vendor sell; before that only its own account sees the menu. */
  readonly approved: boolean;
  readonly version: number;
  readonly vendor_version: number;
}

export interface CategoryRow {
  readonly id: CategoryId;
  readonly vendor: VendorId;
  readonly name: string;
  readonly description: string;
  readonly position: number;
  readonly version: number;
}

export interface OptionGroupRow {
  readonly id: OptionGroupId;
  readonly vendor: VendorId;
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly required: boolean;
  readonly options: readonly Option[];
  readonly version: number;
}

export interface ProductRow {
  readonly id: ProductId;
  readonly vendor: VendorId;
  readonly sku: string | null;
  readonly category: CategoryId | null;
  readonly name: string;
  readonly description: string;
  /** Of the cheapest variant, where there are some. */
  readonly price_minor: number;
  readonly tax_class: TaxClass;
  readonly age_min: number | null;
  readonly image_url: string | null;
  readonly active: boolean;
  readonly windows: readonly Opening[];
  readonly variants: readonly Variant[];
  readonly option_groups: readonly OptionGroupId[];
  readonly position: number;
  readonly version: number;
}

export function categoryView(row: CategoryRow): Category {
  const { id, vendor, name, description, position, version } = row;
  return { id, vendor, name, description, position, version };
}

export function optionGroupView(row: OptionGroupRow): OptionGroup {
  const { id, vendor, name, min, max, required, options, version } = row;
  return { id, vendor, name, min, max, required, options: [...options], version };
}

export function productView(row: ProductRow): Product {
  return {
    id: row.id,
    vendor: row.vendor,
    sku: row.sku,
    category: row.category,
    name: row.name,
    description: row.description,
    priceMinor: row.price_minor,
    taxClass: row.tax_class,
    ageMin: row.age_min,
    imageUrl: row.image_url,
    active: row.active,
    windows: [...row.windows],
    variants: [...row.variants],
    optionGroups: [...row.option_groups],
    position: row.position,
    version: row.version,
  };
}
