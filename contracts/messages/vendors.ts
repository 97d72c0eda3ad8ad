/** What `vendors` tells: the whole of a vendor whenever something of it changed. */
import type { Vendor } from '../api/vendors.ts';

export const VENDOR_STREAM = 'events:vendors';

export interface VendorChanged {
  readonly type: 'vendor.changed';
  readonly vendor: Vendor;
  /** Grows with each change of one vendor. */
  readonly version: number;
}

export type VendorEvent = VendorChanged;
