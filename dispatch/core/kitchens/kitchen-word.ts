/**
 * What a kitchen's word changes. What nobody has set out for is thought over in the next round anyway;
 * here is what has been given to a driver already.
 */

import { unassign, withdrawOffer } from '../commands/moves.ts';
import type { Decision } from '../decision.ts';
import type { Delivery } from '../records.ts';
import { readyTimeOf } from './ready-times.ts';

/** Why a delivery was taken back from its driver, in events and to people. */
const WHY = 'ready_later';

/**
 * A parcel that will be ready much later than was expected goes back to matching, and its driver to
 * other work. Small changes leave a committed plan as it is, and members of a group stay together.
 * @param before the delivery as it was before the kitchen spoke
 */
export function releaseIfMuchLater(step: Decision, before: Delivery): void {
  const { zone, atMs } = step;
  const { releaseLaterMs } = zone.policy;
  const now = step.delivery(before.id);
  if (!now || releaseLaterMs === 0 || now.request.group) return;
  const expectedMs = Math.max(atMs, readyTimeOf(zone, before, atMs).meanMs);
  if (readyTimeOf(zone, now, atMs).meanMs - expectedMs < releaseLaterMs) return;
  if (now.state === 'pending') return withdrawOffer(step, now, WHY);
  if (now.state === 'assigned' || now.state === 'at_pickup') unassign(step, now, WHY);
}
