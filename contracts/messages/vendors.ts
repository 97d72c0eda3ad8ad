/** What `vendors` tells: the whole of a vendor whenever something of it changed. */
import type { Vendor } from '../api/vendors.ts';

export const VENDOR_STREAM = 'events:vendors';

export interface VendorChanged {
  readonly type: 'vendor.changed';
  readonly vendor: Vendor;
  /** Grows with each change of one vendor. */
  readonly version: number;
  /**
   * H3 cells (mixed resolutions, at most some hundred) that cover its delivery area: for an index;
   * `vendor.area` says exactly. Null: it delivers anywhere.
   */
  readonly areaCells?: readonly string[] | null;
}

export type VendorEvent = VendorChanged;
