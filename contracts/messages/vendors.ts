/** What `vendors` tells: the whole of a vendor whenever something of it changed; what it is asked for. */
import type { Vendor } from '../api/vendors.ts';
import type { VendorId } from '../ids.ts';

export const VENDOR_STREAM = 'events:vendors';
export const VENDOR_REQUESTS = 'requests:vendors';

export interface VendorChanged {
  readonly type: 'vendor.changed';
  readonly vendor: Vendor;
  /** Of this event; grows faster than `vendor.version`, which is about changes by people alone. */
  readonly version: number;
  /**
   * H3 cells (mixed resolutions, at most some hundred) that cover its delivery area: for an index;
   * `vendor.area` says exactly. Null: it delivers anywhere.
   */
  readonly areaCells?: readonly string[] | null;
}

export type VendorEvent = VendorChanged;

/** The kitchen rejects what is wanted before then: it is full. The newest version stands. */
export interface VendorThrottle {
  readonly type: 'vendor.throttle';
  readonly vendor: VendorId;
  /** Zone ms; null: there is room. */
  readonly untilMs: number | null;
  readonly version: number;
}

export type VendorAsked = VendorThrottle;
