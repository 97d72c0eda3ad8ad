/** Figures of a zone for people: what is open, who is idle, how long the oldest has waited. */
import type { ZoneId } from '../../../contracts/ids.ts';
import { idleSpreadMs, idleTimesMs } from '../matching/fairness.ts';
import type { Shard } from '../shard.ts';
import type { StageRecord } from '../travel/eta-record.ts';

export interface ZoneStats {
  readonly drivers: number;
  readonly idle: number;
  readonly open: number;
  readonly unassigned: number;
  readonly oldestUnassignedMs: number | null;
  readonly offers: number;
  /** How far the longest idle drivers are off the median (`idleSpreadMs`), zone ms. */
  readonly idleSpreadMs: number;
  /** How often told ranges held, by when they were told. */
  readonly etas: readonly StageRecord[];
}

export function zoneStats(shard: Shard, id: ZoneId, atMs: number): ZoneStats | null {
  const zone = shard.zones.get(id);
  if (!zone) return null;
  let drivers = 0;
  let idle = 0;
  for (const driver of zone.drivers) {
    if (!driver || driver.duty === 'off') continue;
    drivers++;
    if (driver.duty === 'available' && driver.plan.stops.length === 0 && !driver.offer) idle++;
  }
  let unassigned = 0;
  let oldest: number | null = null;
  for (const delivery of zone.deliveries.values()) {
    if (delivery.state !== 'pending') continue;
    unassigned++;
    const waitedMs = atMs - delivery.requestedMs;
    if (oldest === null || waitedMs > oldest) oldest = waitedMs;
  }
  return {
    drivers,
    idle,
    open: zone.deliveries.size,
    unassigned,
    oldestUnassignedMs: oldest,
    offers: zone.offers.size,
    idleSpreadMs: idleSpreadMs(idleTimesMs(zone, atMs)),
    etas: zone.etas.all(),
  };
}
