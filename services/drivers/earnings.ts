/** Earnings and statistics as drivers and ops read them, and the one line ops may add. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import {
  DAYS_MAX,
  type Earning,
  type EarningAdjust,
  type EarningList,
  type EarningQuery,
  type EarningSums,
  type EarningSumsQuery,
  type Statistics,
  type StatisticsQuery,
} from '../../contracts/api/driver-earnings.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type DriverId, newId, type ZoneId } from '../../contracts/ids.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database } from '../../platform/database.ts';
import { idempotent } from '../../platform/idempotency.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, requireUser } from '../../platform/service.ts';
import { timeText } from '../../platform/times.ts';
import * as queries from './earning-queries.ts';
import { dayAfter, mondayOf, wallTimeOf } from './local-time.ts';
import { driverById } from './queries.ts';
import { readDuties } from './work-queries.ts';

export interface EarningDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
}

const DAYS_USUAL = 28;

/** The days a question is about. Throws `request.invalid` for a span that is empty or too long. */
export function spanOf(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  today: string,
): { readonly from: string; readonly to: string } {
  const last = to ?? today;
  const first = from ?? dayAfter(last, 1 - DAYS_USUAL);
  if (first > last || dayAfter(first, DAYS_MAX) <= last) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/from', expected: `not after \`to\`, and at most ${DAYS_MAX} days with it` },
    ]);
  }
  return { from: first, to: last };
}

/** Today where the driver was last on duty. */
async function todayOf(
  { door, database }: EarningDeps,
  driver: DriverId,
): Promise<{ readonly today: string; readonly duty: queries.CurrentDuty | undefined }> {
  const opened = await door();
  const duty = (await readDuties(database.knex, [driver])).get(driver);
  const timeZone = zoneTime(opened, duty?.zone);
  return { today: wallTimeOf(timeZone, opened.clock.zoneMs()).day, duty };
}

function zoneTime(door: Door, zone: ZoneId | undefined): string {
  return (zone === undefined ? undefined : door.zone(zone)?.timeZone) ?? 'UTC';
}

/** The calling driver. */
export function driverOf(call: Call): DriverId {
  const { driver } = requireUser(call);
  if (driver === undefined) throw new WaggleError('auth.forbidden');
  return driver;
}

export async function list(
  deps: EarningDeps,
  driver: DriverId,
  params: EarningQuery,
): Promise<EarningList> {
  const { knex } = deps.database;
  const span = spanOf(params, (await todayOf(deps, driver)).today);
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const before = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const rows = await queries.listEarnings(knex, { driver, ...span, before }, limit + 1);
  const page = pageOf(rows, limit);
  return { items: page.rows.map(earningView), next: page.next };
}

function earningView(row: queries.EarningRow): Earning {
  const { id, kind, delivery, amount_minor: amountMinor, currency, day, reason } = row;
  return { id, kind, delivery, amountMinor, currency, at: timeText(row.at_ms), day, reason };
}

export async function sums(
  deps: EarningDeps,
  driver: DriverId,
  params: EarningSumsQuery,
): Promise<EarningSums> {
  const span = spanOf(params, (await todayOf(deps, driver)).today);
  const rows = await queries.sumEarnings(deps.database.knex, { driver, ...span });
  return { ...span, items: sumsBy(rows, params.by === 'week' ? mondayOf : (day) => day) };
}

type Sum = { -readonly [K in keyof EarningSums['items'][number]]: EarningSums['items'][number][K] };

/** Adds days up by what they belong to and currency, in the order of time. */
export function sumsBy(rows: readonly queries.DaySum[], startOf: (day: string) => string): Sum[] {
  const sums = new Map<string, Sum>();
  for (const { day, currency, kind, amount, count } of rows) {
    const start = startOf(day);
    const key = `${start} ${currency}`;
    const sum = sums.get(key) ?? {
      ...{ start, currency, deliveries: 0, deliveryMinor: 0, tipMinor: 0 },
      ...{ adjustmentMinor: 0, totalMinor: 0 },
    };
    sums.set(key, sum);
    sum.totalMinor += amount;
    if (kind === 'delivery') {
      sum.deliveryMinor += amount;
      sum.deliveries += count;
    } else if (kind === 'tip') sum.tipMinor += amount;
    else sum.adjustmentMinor += amount;
  }
  return [...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

/** A bonus or a correction: a line of its own, never a change of another. */
export async function adjust(
  deps: EarningDeps,
  params: EarningAdjust,
  call: Call,
): Promise<Earning> {
  const { sub } = requireUser(call);
  const { id: driver, amountMinor, currency, reason } = params;
  if ((await driverById(deps.database.knex, driver)) === undefined) {
    throw new WaggleError('resource.not_found');
  }
  const { today } = await todayOf(deps, driver);
  const atMs = Math.round((await deps.door()).clock.zoneMs());
  const request = { action: 'earnings.adjust', ...params };
  const { answer } = await idempotent(
    deps.database,
    { owner: sub, key: call.idempotencyKey, request },
    async (trx) => {
      const row: queries.EarningRow = {
        ...{ id: newId('earning'), driver, kind: 'adjustment', delivery: null },
        ...{ amount_minor: amountMinor, currency, at_ms: atMs, day: today, reason },
      };
      await queries.insertEarning(trx, { ...row, actor: sub });
      return earningView(row);
    },
  );
  return answer;
}

export async function statistics(
  deps: EarningDeps,
  driver: DriverId,
  params: StatisticsQuery,
): Promise<Statistics> {
  const { knex } = deps.database;
  const { today, duty } = await todayOf(deps, driver);
  const span = spanOf(params, today);
  const [days, rating] = await Promise.all([
    queries.daysOf(knex, { driver, ...span }),
    queries.ratingOf(knex, driver),
  ]);
  return {
    ...span,
    duty: duty?.duty ?? 'off',
    dutySince: duty === undefined ? null : timeText(duty.since_ms),
    rating,
    total: countsOf(days),
    days: days.map((row) => ({ day: row.day, ...countsOf([row]) })),
  };
}

function countsOf(rows: readonly queries.DayCounts[]): Statistics['total'] {
  const sum = (name: Exclude<keyof queries.DayCounts, 'day'>): number =>
    rows.reduce((total, row) => total + row[name], 0);
  return {
    offered: sum('offered'),
    accepted: sum('accepted'),
    declined: sum('declined'),
    expired: sum('expired'),
    delivered: sum('delivered'),
    onTime: sum('on_time'),
    returned: sum('returned'),
    failed: sum('failed'),
    onlineSeconds: Math.round(sum('online_ms') / 1_000),
  };
}
