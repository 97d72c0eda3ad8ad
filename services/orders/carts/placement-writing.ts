/**
 * Writes placements: any number of them in a handful of statements, so that what arrives together is
 * committed together. Each has an outcome of its own; orders of one placement stand or fall together.
 */
import { WaggleError } from '../../../contracts/errors.ts';
import type { Transaction } from '../../../platform/database.ts';
import { claimKeys, type KeyedAnswer, releaseKeys } from '../../../platform/idempotency.ts';
import { takeUses } from '../promotions/promotion-queries.ts';
import type { UseWanted } from '../promotions/promotion-rules.ts';
import { insertOrders, type NewOrder } from '../queries.ts';
import { begin, type SagaWorld } from '../saga/saga-store.ts';

/** Everything one request asks to be written, and what is answered when it was. */
export interface Placement extends KeyedAnswer {
  readonly orders: readonly NewOrder[];
  readonly uses: readonly UseWanted[];
  readonly correlation: string;
}

export type PlacementOutcome =
  | { readonly answer: unknown; readonly error?: never }
  | { readonly error: WaggleError; readonly answer?: never };

/** No two placements may have the same owner and key. Outcomes in the order given. */
export async function writePlacements(
  trx: Transaction,
  world: SagaWorld,
  placements: readonly Placement[],
): Promise<readonly PlacementOutcome[]> {
  const claims = await claimKeys(trx, placements);
  const news = placements.filter((_, index) => claims[index]?.is === 'new');
  const unfit = await takeUses(
    trx,
    news.map(({ uses }) => uses),
  );
  const stands = (placement: Placement): boolean => unfit.get(placement.uses) === null;
  await releaseKeys(
    trx,
    news.filter((each) => !stands(each)),
  );
  await write(trx, world, news.filter(stands));
  return placements.map((placement, index) => {
    const claim = claims[index];
    if (claim?.is === 'known') return { answer: claim.answer };
    if (claim?.is !== 'new') return { error: new WaggleError('idempotency.mismatch') };
    if (stands(placement)) return { answer: placement.answer };
    return { error: usedUp(unfit.get(placement.uses)?.at ?? '') };
  });
}

async function write(
  trx: Transaction,
  world: SagaWorld,
  placements: readonly Placement[],
): Promise<void> {
  const orders = placements.flatMap((placement) => placement.orders);
  if (orders.length === 0) return;
  const beginnings = placements.flatMap(({ orders: placed, correlation }) =>
    placed.map(({ terms }) => ({ terms, correlation })),
  );
  // The clock may have been read after the last cart was priced.
  const nowMs = Math.max(world.nowMs, ...orders.map(({ placed_ms }) => placed_ms));
  // Sent together: the rules are asked once the rows are there.
  await Promise.all([insertOrders(trx, orders), begin(trx, { ...world, nowMs }, beginnings)]);
}

function usedUp(at: string): WaggleError {
  return new WaggleError('promotion.refused', undefined, [
    { field: `${at}/promotion`, expected: 'a promotion that is not used up' },
  ]);
}
