/** What vendors hears from others, batch by batch: that a kitchen is full. */
import type { VendorAsked, VendorThrottle } from '../../contracts/messages/vendors.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import * as queries from './queries.ts';

/** Remembers until when kitchens are full; the newest word of each stands. */
export async function followRequests(
  trx: Transaction,
  entries: readonly EventEntry<VendorAsked>[],
): Promise<void> {
  const newest = new Map<string, VendorThrottle>();
  for (const { event } of entries) {
    if ((newest.get(event.vendor)?.version ?? 0) < event.version) newest.set(event.vendor, event);
  }
  await queries.throttleVendors(trx, [...newest.values()]);
}
