/** What placing an order needs to know of a vendor, in one small answer. Between services only. */
import type { FromSchema } from 'json-schema-to-ts';
import type { AccountId, VendorId } from '../ids.ts';
import { POINT, VENDOR_ID } from './common.ts';
import type { DeliveryArea, VendorKind } from './vendors.ts';

export const VENDOR_TERMS_QUERY = {
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'atMs'],
  properties: {
    vendor: VENDOR_ID,
    atMs: { description: 'Zone ms when the order is to be taken.', type: 'integer', minimum: 0 },
    dropoff: POINT,
  },
} as const;
export type VendorTermsQuery = FromSchema<typeof VENDOR_TERMS_QUERY>;

/** Answer of `vendors.terms`. Times are zone ms. Good for a few seconds. */
export interface VendorTerms {
  readonly vendor: VendorId;
  readonly account: AccountId;
  readonly name: string;
  readonly kind: VendorKind;
  readonly place: { readonly lat: number; readonly lon: number };
  readonly timeZone: string;
  /** Of the market at its place; null: no zone serves it. */
  readonly currency: string | null;
  readonly pickupNote: string | null;
  /** Ops lets it sell. */
  readonly approved: boolean;
  /** By its hours, at `atMs`. */
  readonly open: boolean;
  /** Null: open, or not for long. */
  readonly opensAtMs: number | null;
  /** Null: closed, or not for long. */
  readonly closesAtMs: number | null;
  /** The vendor takes nothing for now. */
  readonly paused: boolean;
  readonly pauseReason: string | null;
  /** Null: until it says otherwise, or not paused. */
  readonly pausedUntilMs: number | null;
  /** Whether the drop-off lies in its delivery area; true without a drop-off. */
  readonly delivers: boolean;
  /** Null: anywhere. With it, who keeps the terms can judge other drop-offs. */
  readonly area: DeliveryArea | null;
  /**
   * The kitchen is full and would reject what is wanted ready before then, which is later than
   * `atMs` and `prepareSeconds`. Null: it is not (though it may still put an order off a little).
   */
  readonly throttledUntilMs: number | null;
  readonly prepareSeconds: number;
  readonly minOrderMinor: number;
  readonly fees: {
    /** Hundredths of a percent of the goods; null: the installation's usual one. */
    readonly serviceBasisPoints: number | null;
  };
  /** Of the vendor; the same version means the same but for time, throttling and rating. */
  readonly version: number;
}
