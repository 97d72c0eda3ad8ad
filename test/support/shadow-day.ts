/** A made-up day: a zone that lives by the rules of a simulated one, shown to a shadow as its log would. */
import type { ZoneShadow } from '../../contracts/shadow.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';
import { RandomStream } from '../../dispatch/core/random.ts';
import { Zone } from '../../dispatch/core/zone.ts';
import { ForkedZone, forkText } from '../../dispatch/shadow/fork.ts';
import { OfferHabits } from '../../dispatch/shadow/offer-habits.ts';
import { Simulated } from '../../dispatch/shadow/simulated.ts';
import { place, profile, request } from './core-fixtures.ts';

export interface Day {
  readonly drivers: number;
  readonly deliveries: number;
  /** Between two requests on average, zone ms. */
  readonly everyMs: number;
  /** Another day of the same kind. */
  readonly seed?: string;
  /** Told to the shadow in place of what the live zone has. */
  readonly habits?: OfferHabits;
}

const START_MS = 1_000_000;
const VENDORS = 8;

/** Lives a day in a zone, and shows it to the shadow. */
export function liveDay(config: ZoneConfig, shadow: ZoneShadow, day: Day): Simulated {
  const simulated = new Simulated(shadow);
  const random = new RandomStream(day.seed ?? 'day');
  const blank = new Zone(config);
  const live = new ForkedZone({
    text: forkText(blank),
    config,
    atMs: START_MS,
    habits: day.habits ?? new OfferHabits(),
    facts: {
      ...{ travel: blank.travel, kitchens: blank.kitchens },
      readyMs: ({ readyMs }) => readyMs,
    },
    // As it stands when the event has been applied: a copy may look at it.
    onEvent: (event, nowMs) => simulated.take(live.zone, [event], nowMs),
    onDrive: () => {},
  });
  simulated.take(live.zone, [], START_MS);
  for (let n = 1; n <= day.drivers; n++) {
    const at = place(0.3 + random.below(400) / 1000, 0.3 + random.below(400) / 1000);
    live.fleet.setDuty(profile(n), 'available', at);
  }
  let nowMs = START_MS;
  for (let n = 1; n <= day.deliveries; n++) {
    nowMs += random.below(2 * day.everyMs);
    live.advance(nowMs);
    const vendor = random.below(VENDORS);
    const readyMs = nowMs + (5 + random.below(15)) * 60_000;
    const wanted = request(n, {
      pickup: place(0.36 + (vendor % 4) * 0.08, 0.4 + Math.floor(vendor / 4) * 0.15),
      dropoff: place(0.25 + random.below(500) / 1000, 0.25 + random.below(500) / 1000),
      ...{ placedMs: nowMs, readyMs, promiseMs: readyMs + 20 * 60_000 },
    });
    live.take({
      kind: 'command',
      command: { type: 'delivery.request', number: 1, request: wanted },
    });
  }
  live.advance(nowMs + 4 * 3_600_000);
  // The last word, so that the copies live as long as the zone.
  live.take({ kind: 'command', command: cancelOfNothing() });
  return simulated;
}

function cancelOfNothing() {
  const { id } = request(999_999);
  return {
    ...({ type: 'delivery.cancel', number: 1, delivery: id } as const),
    ...({ code: 'cancelled_by_ops', fault: 'platform' } as const),
  };
}
