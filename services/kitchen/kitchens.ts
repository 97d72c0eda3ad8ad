/** Vendors of a batch with what is taken in their windows, and telling others when those are full. */
import type { VendorId } from '../../contracts/ids.ts';
import { VENDOR_REQUESTS, type VendorThrottle } from '../../contracts/messages/vendors.ts';
import type { Transaction } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import { firstFree, PUT_OFF_MS_MAX, takenOf } from './capacity.ts';
import * as queries from './vendor-queries.ts';

/** Windows that began earlier are nobody's concern: the longest is two hours. */
const PAST_MS = 7_200_000;

export interface Kitchens {
  readonly vendors: ReadonlyMap<VendorId, queries.KitchenVendor>;
  /** Of vendors with a capacity; whoever takes or frees a slot keeps it up to date. */
  readonly taken: ReadonlyMap<VendorId, Map<number, number>>;
}

/** Two or three statements, however many vendors. */
export async function loadKitchens(
  trx: Transaction,
  ids: readonly VendorId[],
  nowMs: number,
): Promise<Kitchens> {
  const vendors = await queries.lockVendors(trx, ids);
  const limited = [...vendors.values()].filter(({ capacity }) => capacity !== null);
  const counts = await queries.slotCounts(
    trx,
    limited.map(({ id }) => id),
    nowMs - PAST_MS,
  );
  const byVendor = Map.groupBy(counts, ({ vendor }) => vendor);
  const taken = new Map(
    limited.flatMap(({ id, capacity }) =>
      capacity === null ? [] : [[id, takenOf(capacity, byVendor.get(id) ?? [])] as const],
    ),
  );
  return { vendors, taken };
}

/** Tells `vendors` of those that are full for another time than was told. */
export async function tellThrottling(
  trx: Transaction,
  { vendors, taken }: Kitchens,
  nowMs: number,
): Promise<void> {
  const changed = [...vendors.values()].flatMap((vendor) => {
    const untilMs = throttledUntil(vendor, taken.get(vendor.id), nowMs);
    const told = vendor.throttledUntilMs;
    // What was told has passed by itself: that there is room again need not be said.
    const isOver = told === null || told <= nowMs + vendor.prepareMs;
    if (untilMs === told || (untilMs === null && isOver)) return [];
    return [{ vendor: vendor.id, untilMs, version: vendor.throttleVersion + 1 }];
  });
  await queries.saveThrottling(
    trx,
    changed.map(({ vendor, untilMs, version }) => ({
      ...{ id: vendor, throttled_until_ms: untilMs, throttle_version: version },
    })),
  );
  await enqueue(
    trx,
    changed.map((throttle) => {
      const payload: VendorThrottle = { type: 'vendor.throttle', ...throttle };
      return { key: throttle.vendor, topic: VENDOR_REQUESTS, payload };
    }),
  );
}

/** Before when nothing may be wanted, for the kitchen would reject it; null: the usual is fine. */
function throttledUntil(
  { capacity, prepareMs }: queries.KitchenVendor,
  taken: ReadonlyMap<number, number> | undefined,
  nowMs: number,
): number | null {
  if (capacity === null || taken === undefined) return null;
  const usualMs = nowMs + prepareMs;
  // No window within reach is free: as far as was looked.
  const freeMs = firstFree(capacity, taken, usualMs) ?? usualMs + UNREACHABLE_MS;
  const untilMs = freeMs - PUT_OFF_MS_MAX;
  return untilMs > usualMs ? untilMs : null;
}

const UNREACHABLE_MS = 86_400_000;
