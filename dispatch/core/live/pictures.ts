/** What the map shows of a zone: per coarse cell its drivers, deliveries and idle drivers. */
import { ancestorText, type Place } from '../../../contracts/geo.ts';
import {
  type CellPicture,
  type MapDelivery,
  type MapDriver,
  SHADE_RESOLUTION,
  VIEW_RESOLUTION,
} from '../../../contracts/push.ts';
import type { Driver } from '../records.ts';
import { shownEta } from '../travel/eta.ts';
import type { Zone } from '../zone.ts';

interface Draft {
  readonly drivers: MapDriver[];
  readonly deliveries: MapDelivery[];
  readonly idle: Map<string, number>;
}

/** The pictures at zone time `atMs`. `whereIs`: the live place of a slot, null when unknown. */
export function picturesOf(
  zone: Zone,
  atMs: number,
  whereIs: (slot: number) => Place | null,
): CellPicture[] {
  const drafts = new Map<string, Draft>();
  const draftAt = (cell: number): Draft => {
    const key = ancestorText(cell, VIEW_RESOLUTION);
    const found = drafts.get(key) ?? { drivers: [], deliveries: [], idle: new Map() };
    drafts.set(key, found);
    return found;
  };
  for (const driver of zone.drivers) {
    const place = driver && driver.duty !== 'off' ? whereIs(driver.slot) : null;
    if (driver && place) drawDriver(zone, driver, place, draftAt(place.cell));
  }
  for (const delivery of zone.deliveries.values()) {
    const { pickup, dropoff } = delivery.request;
    const range = shownEta(zone, delivery, atMs);
    draftAt(pickup.cell).deliveries.push({
      id: delivery.id,
      s: delivery.state,
      p: [pickup.latE7, pickup.lonE7],
      q: [dropoff.latE7, dropoff.lonE7],
      eta: range?.likelyMs ?? null,
      ...(range ? { etaFrom: range.fromMs, etaTo: range.toMs } : {}),
      drv: delivery.driver,
    });
  }
  return [...drafts].map(([cell, { drivers, deliveries, idle }]) => ({
    zone: zone.config.id,
    cell,
    atMs,
    drivers,
    deliveries,
    idle: [...idle],
  }));
}

function drawDriver(zone: Zone, driver: Driver, place: Place, draft: Draft): void {
  const activity = activityOf(zone, driver);
  const note = driver.stall ? 'stalled' : driver.sentTo ? 'waits' : null;
  const { latE7: lat, lonE7: lon } = place;
  draft.drivers.push({ d: driver.id, lat, lon, a: activity, ...(note ? { n: note } : {}) });
  if (activity !== 0) return;
  const shade = ancestorText(place.cell, SHADE_RESOLUTION);
  draft.idle.set(shade, (draft.idle.get(shade) ?? 0) + 1);
}

function activityOf(zone: Zone, driver: Driver): number {
  if (driver.duty === 'off' || driver.duty === 'on_break') return 6;
  const [next] = driver.plan.stops;
  if (!next) return driver.offer === null ? 0 : 1;
  const state = zone.deliveries.get(next.delivery)?.state;
  if (next.kind === 'pickup') return state === 'at_pickup' ? 3 : 2;
  return state === 'at_dropoff' ? 5 : 4;
}
