/** What `inventory` is asked for by stream, and what it tells. Every request is idempotent by order. */
import type { OrderId, ProductId, VariantId, VendorId } from '../ids.ts';

export const INVENTORY_REQUESTS = 'requests:inventory';
export const INVENTORY_STREAM = 'events:inventory';

/** What stock is kept of: a product, or one variant of it. */
export interface StockLine {
  readonly product: ProductId;
  readonly variant: VariantId | null;
  /** Whole units, at least 1. */
  readonly quantity: number;
}

/** Sets stock aside, all lines or none. Products without a stock record are not counted. */
export interface StockReserve {
  readonly type: 'stock.reserve';
  readonly order: OrderId;
  readonly vendor: VendorId;
  readonly lines: readonly StockLine[];
  /** Zone ms; released by itself afterwards unless committed. */
  readonly expiresMs: number;
}

/** What was reserved is sold. */
export interface StockCommit {
  readonly type: 'stock.commit';
  readonly order: OrderId;
}

/** What was reserved (or committed) is given back; also stops a reservation that comes later. */
export interface StockRelease {
  readonly type: 'stock.release';
  readonly order: OrderId;
}

export type StockAsked = StockReserve | StockCommit | StockRelease;

export interface StockReserved {
  readonly type: 'stock.reserved';
  readonly order: OrderId;
}

/** Not everything is there; nothing was set aside. */
export interface StockRefused {
  readonly type: 'stock.refused';
  readonly order: OrderId;
  readonly shortages: readonly {
    readonly product: ProductId;
    readonly variant: VariantId | null;
    readonly wanted: number;
    readonly left: number;
  }[];
}

export interface StockReleased {
  readonly type: 'stock.released';
  readonly order: OrderId;
  /** Whether it ran out of time rather than being asked to. */
  readonly expired: boolean;
}

export interface StockCommitted {
  readonly type: 'stock.committed';
  readonly order: OrderId;
}

/** The level of a product passed a mark: back in stock, low, or out. */
export interface StockLevel {
  readonly type: 'stock.level';
  readonly vendor: VendorId;
  readonly product: ProductId;
  readonly variant: VariantId | null;
  readonly level: 'in' | 'low' | 'out';
  readonly available: number;
  /** Grows with each change of this product or variant. */
  readonly version: number;
}

export type InventoryEvent =
  | StockReserved
  | StockRefused
  | StockReleased
  | StockCommitted
  | StockLevel;
