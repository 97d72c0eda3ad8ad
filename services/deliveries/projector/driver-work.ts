/** What a batch of log records says of drivers at work, for `events:driver-work`. Pure. */
import type { ZoneEvent } from '../../../contracts/events.ts';
import type { DeliveryId, ZoneId } from '../../../contracts/ids.ts';
import {
  DRIVER_WORK_STREAM,
  type DriverWork,
  type WorkFact,
} from '../../../contracts/messages/driver-work.ts';
import type { LogRecord } from '../../../dispatch/redis/door.ts';
import type { OutboxEntry } from '../../../platform/outbox.ts';
import type { DeliveryRow } from '../rows.ts';

/** Facts of one message; a busy batch becomes several. */
const FACTS_MAX = 500;
const METERS_PER_DEGREE = 111_195;

/** The facts, in the order of the log. `deliveries`: as they are after these records. */
export function workOf(
  records: readonly LogRecord[],
  deliveries: ReadonlyMap<DeliveryId, DeliveryRow>,
): WorkFact[] {
  return records.flatMap(({ events, atMs }) =>
    events.flatMap(({ event, zone }) => factOf(event, zone, atMs, deliveries) ?? []),
  );
}

function factOf(
  event: ZoneEvent,
  zone: ZoneId,
  atMs: number,
  deliveries: ReadonlyMap<DeliveryId, DeliveryRow>,
): WorkFact | undefined {
  switch (event.type) {
    case 'offer.made': {
      const { offer, driver, deliveries: ids, terms } = event;
      const { payMinor, currency } = terms;
      return { fact: 'offered', driver, zone, atMs, offer, deliveries: ids, payMinor, currency };
    }
    case 'offer.closed': {
      const { offer, driver, outcome } = event;
      return { fact: 'answered', driver, zone, atMs, offer, outcome };
    }
    case 'driver.joined':
      return { fact: 'duty', driver: event.profile.driver, zone, atMs, duty: event.duty };
    case 'driver.duty':
      return { fact: 'duty', driver: event.driver, zone, atMs, duty: event.duty };
    case 'driver.left':
      // Into another zone it goes with its duty, which that zone tells.
      if (event.to !== undefined) return undefined;
      return { fact: 'duty', driver: event.driver, zone, atMs, duty: 'off' };
    case 'delivery.ended': {
      const row = deliveries.get(event.delivery);
      const driver = event.driver ?? row?.driver;
      if (row === undefined || driver === null || driver === undefined) return undefined;
      const { delivery, state, reason } = event;
      const at = { driver, zone, atMs: event.atMs };
      const meters = metersBetween(row.request.pickup, row.request.dropoff);
      return { fact: 'ended', ...at, delivery, state, reason, promiseMs: row.promise_ms, meters };
    }
    default:
      return undefined;
  }
}

interface Place {
  readonly latE7: number;
  readonly lonE7: number;
}

/** Good enough within a city, which is all a delivery spans. */
function metersBetween(a: Place, b: Place): number {
  const north = (b.latE7 - a.latE7) / 1e7;
  const east = ((b.lonE7 - a.lonE7) / 1e7) * Math.cos((a.latE7 / 1e7) * (Math.PI / 180));
  return Math.round(Math.hypot(north, east) * METERS_PER_DEGREE);
}

/** One message per batch, in order within the shard; nothing when nobody worked. */
export function workEntries(shard: number, facts: readonly WorkFact[]): OutboxEntry[] {
  const entries: OutboxEntry[] = [];
  for (let from = 0; from < facts.length; from += FACTS_MAX) {
    const payload: DriverWork = { type: 'driver.work', facts: facts.slice(from, from + FACTS_MAX) };
    entries.push({ key: `work ${shard}`, topic: DRIVER_WORK_STREAM, payload });
  }
  return entries;
}
