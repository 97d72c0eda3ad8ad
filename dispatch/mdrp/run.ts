/**
 * Runs an instance through the core on a simulated clock: each minute the world's facts go in as
 * commands, then one matching round, then couriers do what their plans say. Everything is decided by
 * `stepShard`; what is not placed yet is not known to it.
 */
import type { ZoneCommand } from '../../contracts/commands.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import { checkShard, LiveIndex, Shard, stepShard, type ZoneInput } from '../core/index.ts';
import type { Answers } from './answers.ts';
import { Atlas } from './atlas.ts';
import { Fleet } from './fleet.ts';
import type { Instance, Order } from './instance.ts';
import { type Tuning, zoneOf } from './rules.ts';
import { type Figures, figuresOf, type Solution } from './solution.ts';

const MINUTE_MS = 60_000;
const PHONE = { gateway: 'mdrp', session: 1 };
const CLOCKS = { zoneAt: (ms: number) => ms, hostAt: (ms: number) => ms };

export interface RunResult {
  readonly solution: Solution;
  readonly figures: Figures;
  /** Milliseconds of every round that had something to decide. */
  readonly roundMs: readonly number[];
}

/** Runs one instance to the end of its day. `answers`: couriers are asked, and answer at once. */
export function runInstance(
  instance: Instance,
  tuning: Tuning = {},
  answers: Answers | null = null,
): RunResult {
  const atlas = new Atlas(instance);
  const orderOf = new Map<DeliveryId, Order>();
  const asked = answers === null ? tuning.policy : { autoAssign: false, ...tuning.policy };
  const config = zoneOf(instance, atlas, { ...tuning, ...(asked ? { policy: asked } : {}) });
  const shard = new Shard(0);
  let minute = 0;
  stepShard(shard, config.id, { kind: 'command', command: { type: 'zone.open', config } }, 0);
  const zone = shard.zones.get(config.id);
  if (!zone) throw new Error('mdrp: the zone did not open');
  zone.travel = atlas;
  const index = new LiveIndex(shard, config.id, CLOCKS, 0);
  const step = (input: ZoneInput) => {
    const nowMs = minute * MINUTE_MS;
    const events = stepShard(shard, config.id, input, nowMs);
    index.sync(events, nowMs);
    return events;
  };
  const command = (given: ZoneCommand) => step({ kind: 'command', command: given });
  const fleet = new Fleet(instance, atlas, orderOf, (driver, action, deed) => {
    const atMs = minute * MINUTE_MS;
    // Only who can be reached is asked.
    const reached = answers === null ? {} : { presence: PHONE };
    command({ type: 'driver.acted', driver, action, deed, atMs, ...reached });
  });
  const roundMs: number[] = [];
  const waiting = instance.orders.slice();
  const starts = [...waiting.map(({ placed }) => placed), ...instance.couriers.map((c) => c.on)];
  const lastMinute = instance.couriers.reduce((last, { off }) => Math.max(last, off), 0);
  for (minute = Math.max(0, Math.min(...starts)); minute <= lastMinute; minute++) {
    fleet.catchUp(minute);
    while (waiting[0] && waiting[0].placed <= minute) {
      command(requestOf(waiting.shift() as Order, instance, atlas, orderOf));
    }
    step({ kind: 'timer' });
    const known = fleet.fixes(zone);
    for (const { driver, fix } of known) {
      const { slot, tenancy } = driver;
      const still = { headingDegrees: 0, speedCmps: 0, accuracyMeters: 0 };
      index.position({ ...fix, slot, tenancy, fixMs: fix.atMs, ...still });
    }
    const beganMs = performance.now();
    const { candidates } = index.shortlist(minute * MINUTE_MS);
    const events = step({ kind: 'round', fixes: known.map(({ fix }) => fix), candidates });
    if (candidates.length > 0) roundMs.push(performance.now() - beganMs);
    for (const event of events) {
      if (event.type !== 'offer.made' || !answers) continue;
      fleet.answer(event.driver, answers.answer(event.driver, event.offer));
    }
    fleet.move(zone, minute);
    for (const event of events) {
      if (event.type === 'driver.sent') fleet.send(event.driver, atlas.spotAt(event.to), minute);
    }
  }
  const [broken] = checkShard(shard);
  if (broken) throw new Error(`mdrp: ${JSON.stringify(broken)}`);
  const figures = figuresOf(instance, fleet, (from, to) => atlas.minutes(from, to));
  return { solution: fleet, figures, roundMs };
}

/** Ids follow the order of placing, so that they do not hang on what comes later. */
function requestOf(
  order: Order,
  instance: Instance,
  atlas: Atlas,
  orderOf: Map<DeliveryId, Order>,
): ZoneCommand {
  const number = (orderOf.size + 1).toString(16).padStart(12, '0');
  const id: DeliveryId = `del_01900000-0000-7000-8000-${number}`;
  orderOf.set(id, order);
  return {
    type: 'delivery.request',
    number: 1,
    request: {
      id,
      account: 'acc_01900000-0000-7000-8000-000000000001',
      pickup: atlas.placeFor(order.vendor),
      dropoff: atlas.placeFor(order),
      placedMs: order.placed * MINUTE_MS,
      readyMs: (order.told ?? order.ready) * MINUTE_MS,
      readySource: order.told === undefined ? 'promised' : 'estimated',
      promiseMs: (order.placed + instance.target) * MINUTE_MS,
      load: { parcels: 1, volumeMl: 1, weightG: 1 },
      ifUndeliverable: 'return',
    },
  };
}
