/** Tells others the whole of a vendor, in the transaction that changed it. */
import { VENDOR_STREAM, type VendorChanged } from '../../contracts/messages/vendors.ts';
import type { Transaction } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import { type VendorRow, vendorView } from './queries.ts';

/** The currency that is paid at a place; null: no zone serves it. */
export type CurrencyAt = (row: VendorRow) => string | null;

export async function tellVendors(
  trx: Transaction,
  rows: readonly VendorRow[],
  currencyAt: CurrencyAt,
  correlation?: string,
): Promise<void> {
  await enqueue(
    trx,
    rows.map((row) => {
      const vendor = vendorView(row, currencyAt(row));
      const { told_version: version, area_cells: areaCells } = row;
      const payload: VendorChanged = { type: 'vendor.changed', vendor, version, areaCells };
      return { key: row.id, topic: VENDOR_STREAM, payload, correlation };
    }),
  );
}
