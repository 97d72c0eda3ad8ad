/**
 * Follows what drivers do (`events:driver-work`) and what customers give them (`events:orders`). Owns how
 * batches become rows; what they mean is decided in work-fold.ts.
 */
import type { Zone } from '../../contracts/api/zones.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import {
  DRIVER_WORK_STREAM,
  type DriverWork,
  type WorkFact,
} from '../../contracts/messages/driver-work.ts';
import {
  ORDER_STREAM,
  type OrderChanged,
  type OrderEvent,
} from '../../contracts/messages/orders.ts';
import { DEFAULT_POLICY, type ZonePolicy } from '../../contracts/zone.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import { type Part, startFollowing } from '../../platform/service-streams.ts';
import { noteArrivals } from './attendance.ts';
import { foldWork, type ZonePay } from './work-fold.ts';
import * as queries from './work-queries.ts';

/** Zone ms that jobs, ends and tips wait for each other. */
const KEPT_MS = 30 * 24 * 3_600_000;
const FORGET_BATCH = 2_000;
const FORGET_EVERY_MS = 600_000;
/** Host ms a zone's pay is believed. */
const ZONE_PAY_MS = 60_000;

export interface WorkDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  /** Asks the zones service. */
  readonly zone: (id: ZoneId) => Promise<Zone>;
}

export function startWork(context: ServiceContext, deps: WorkDeps): Part[] {
  const { database } = deps;
  const zonePay = rememberZones(deps);
  return [
    startFollowing<DriverWork>(context, {
      database,
      stream: DRIVER_WORK_STREAM,
      consumer: 'drivers',
      handler: (trx, entries) => followWork(trx, entries, zonePay),
    }),
    startFollowing<OrderEvent>(context, {
      database,
      stream: ORDER_STREAM,
      consumer: 'drivers',
      mentions: ['delivered', 'order.rated'],
      wants: isForDrivers,
      handler: followOrders,
      // A delivery is tipped once and the newest stars of an order count, however often told.
      inbox: false,
      patient: true,
    }),
    startForgetting(context, deps),
  ];
}

/** Most changes of an order are nothing to its driver. */
function isForDrivers(event: OrderEvent): boolean {
  return event.type === 'order.rated' ? event.driverStars !== null : isTipped(event);
}

function isTipped({ state, tipMinor = 0, currency }: OrderChanged): boolean {
  return state === 'delivered' && tipMinor > 0 && currency !== undefined;
}

type ZonesOf = (ids: ReadonlySet<ZoneId>) => Promise<ReadonlyMap<ZoneId, ZonePay>>;

/** Zones are few and change rarely. One that is gone is left out: its time is UTC then. */
function rememberZones({ zone }: WorkDeps): ZonesOf {
  const known = new Map<ZoneId, { readonly pay: ZonePay; readonly untilMs: number }>();
  return async (ids) => {
    const found = new Map<ZoneId, ZonePay>();
    for (const id of ids) {
      let entry = known.get(id);
      if (entry === undefined || entry.untilMs < Date.now()) {
        const pay = await zone(id).then(payOf, (error: unknown) => {
          if (error instanceof WaggleError && error.code === 'resource.not_found') return undefined;
          throw error;
        });
        if (pay === undefined) continue;
        entry = { pay, untilMs: Date.now() + ZONE_PAY_MS };
        known.set(id, entry);
      }
      found.set(id, entry.pay);
    }
    return found;
  };
}

function payOf({ timeZone, currency, policy }: Zone): ZonePay {
  const whole: ZonePolicy = { ...DEFAULT_POLICY, ...policy };
  const { payBaseMinor, payPerKmMinor, detourPerMille } = whole;
  return { timeZone, currency, payBaseMinor, payPerKmMinor, detourPerMille };
}

/** One batch of facts. */
export async function followWork(
  trx: Transaction,
  entries: readonly EventEntry<DriverWork>[],
  zonesOf: ZonesOf,
): Promise<void> {
  const facts = entries.flatMap(({ event }) => event.facts);
  if (facts.length === 0) return;
  const zones = await zonesOf(new Set(facts.map(({ zone }) => zone)));
  await queries.lockWork(trx);
  const ended = of(facts, 'ended').map(({ delivery }) => delivery);
  const change = foldWork(facts, {
    zones,
    duties: await queries.readDuties(trx, [
      ...new Set(of(facts, 'duty').map(({ driver }) => driver)),
    ]),
    offers: await queries.readOffers(
      trx,
      of(facts, 'answered').map(({ offer }) => offer),
    ),
    jobs: await queries.readJobs(trx, ended),
  });
  await queries.writeWork(trx, change);
  await queries.writeLines(trx, 'tip', await queries.tipLines(trx, ended));
  await noteArrivals(trx, of(facts, 'duty'));
}

function of<K extends WorkFact['fact']>(
  facts: readonly WorkFact[],
  kind: K,
): Extract<WorkFact, { fact: K }>[] {
  return facts.filter((fact) => fact.fact === kind) as Extract<WorkFact, { fact: K }>[];
}

/** Tips of what was delivered, and stars. */
export async function followOrders(
  trx: Transaction,
  entries: readonly EventEntry<OrderEvent>[],
): Promise<void> {
  const events = entries.map(({ event }) => event);
  const tipped = events.flatMap((event) =>
    event.type === 'order.changed' && isTipped(event) ? [event] : [],
  );
  if (tipped.length > 0) {
    await queries.lockWork(trx);
    await queries.insertTips(trx, tipped);
    const lines = await queries.tipLines(
      trx,
      tipped.map(({ delivery }) => delivery),
    );
    await queries.writeLines(trx, 'tip', lines);
  }
  await queries.writeRatings(
    trx,
    events.flatMap((event) => (event.type === 'order.rated' ? [event] : [])),
  );
}

function startForgetting({ log }: ServiceContext, { database, door }: WorkDeps): Pump {
  return startPump({
    work: async () => {
      const beforeMs = Math.round((await door()).clock.zoneMs()) - KEPT_MS;
      return queries.forgetWork(database.knex, { beforeMs, atOnce: FORGET_BATCH });
    },
    pollMs: FORGET_EVERY_MS,
    backOffMs: [1_000, FORGET_EVERY_MS],
    onError: (err) => log.warn({ err }, 'old work could not be forgotten; trying again'),
  });
}
