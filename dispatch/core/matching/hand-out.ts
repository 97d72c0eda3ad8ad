/** When a run has in hand what it takes at a door, from what is known of each parcel's ready time. */

import { handedOutMs } from '../kitchens/ready-times.ts';
import type { Leg, Run, Task } from './chains.ts';

/** The ready time to be at a door for, of everything that a run takes there. */
export function leaveForDoorMs(run: Run, door: number): number {
  let latestMs = 0;
  for (let n = 0; n < run.length; n++) {
    const { legs, aboard } = run[n] as Task;
    if (aboard) continue;
    for (let m = 0; m < legs.length; m++) {
      const leg = legs[m] as Leg;
      if (leg.leaveForMs > latestMs && leg.pickup === door) latestMs = leg.leaveForMs;
    }
  }
  return latestMs;
}

/**
 * When everything that a run takes at a door is in hand on average, for who can take it from `hereMs`
 * on: the latest of what each would mean alone, and what each of the others may come later than that.
 */
export function allInHandMs(run: Run, door: number, hereMs: number): number {
  let latestMs = hereMs;
  let latest: Leg | null = null;
  let unsure = 0;
  for (let n = 0; n < run.length; n++) {
    const { legs, aboard } = run[n] as Task;
    if (aboard) continue;
    for (let m = 0; m < legs.length; m++) {
      const leg = legs[m] as Leg;
      if (leg.pickup !== door) continue;
      if (leg.ready.spreadMs > 0) unsure++;
      const ms = handedOutMs(leg.ready, hereMs);
      if (ms <= latestMs) continue;
      latestMs = ms;
      latest = leg;
    }
  }
  return unsure < 2 ? latestMs : latestMs + othersLaterMs(run, latest, latestMs);
}

/** What the parcels at a door but the given one may come later than a time, on average and in sum. */
function othersLaterMs(run: Run, latest: Leg | null, atMs: number): number {
  let sumMs = 0;
  for (let n = 0; n < run.length; n++) {
    const { legs, aboard } = run[n] as Task;
    if (aboard) continue;
    for (let m = 0; m < legs.length; m++) {
      const leg = legs[m] as Leg;
      if (leg === latest || leg.pickup !== latest?.pickup) continue;
      sumMs += handedOutMs(leg.ready, atMs) - atMs;
    }
  }
  return sumMs;
}
