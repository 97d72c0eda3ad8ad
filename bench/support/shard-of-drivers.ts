/** Owns filling a real core shard with drivers on duty, through the step, as the runtime would. */

import { Shard, stepShard } from '../../dispatch/core/index.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import { benchProfile, cityZone, type LatLon } from './city.ts';

/** One zone with a driver on duty, without work, at each point; driver n stands in slot n. */
export function shardOfDrivers(points: readonly LatLon[], atMs: number): Shard {
  const shard = new Shard(0);
  const config = cityZone();
  stepShard(shard, config.id, { kind: 'command', command: { type: 'zone.open', config } }, atMs);
  points.forEach(({ lat, lon }, n) => {
    const profile = benchProfile(n);
    const at = placeOf(lat, lon);
    const deed = { kind: 'duty', duty: 'available', profile, at } as const;
    const { driver } = profile;
    const command = { type: 'driver.acted', driver, action: 1, deed, atMs } as const;
    stepShard(shard, config.id, { kind: 'command', command }, atMs);
  });
  return shard;
}
