/** Planning, picking and swapping shifts. Who came is attendance.ts. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type {
  Shift,
  ShiftAssign,
  ShiftList,
  ShiftOffer,
  ShiftPlan,
  ShiftQuery,
  ShiftRef,
  ShiftRules,
  ShiftRulesRef,
  ShiftSwap,
  ShiftsPlanned,
} from '../../contracts/api/driver-shifts.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type DriverId, newId } from '../../contracts/ids.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database, Queryable, Transaction } from '../../platform/database.ts';
import { repeatable } from '../../platform/idempotency.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, requireUser, seesAll } from '../../platform/service.ts';
import { timeText, timeTextOrNull } from '../../platform/times.ts';
import { driverOf } from './earnings.ts';
import { driverById } from './queries.ts';
import * as queries from './shift-queries.ts';
import { spanOfPlan } from './shift-rules.ts';

export interface ShiftDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
}

const USUAL_RULES = { swap_needs_ops: false, late_ms: 300_000, no_show_ms: 1_800_000 } as const;

export function shiftView(row: queries.ShiftRow): Shift {
  return {
    id: row.id,
    zone: row.zone,
    timeZone: row.time_zone,
    day: row.day,
    from: row.from_clock,
    to: row.to_clock,
    startsAt: timeText(row.starts_ms),
    endsAt: timeText(row.ends_ms),
    driver: row.driver,
    state: row.state,
    wantedBy: row.wanted_by,
    attendance: row.attendance,
    cameAt: timeTextOrNull(row.came_ms),
  };
}

/** One shift for a driver, or places for whoever picks them. */
export async function plan(deps: ShiftDeps, params: ShiftPlan, call: Call): Promise<ShiftsPlanned> {
  const { sub } = requireUser(call);
  const { zone: id, day, from, to, driver = null, places = 1 } = params;
  if (driver !== null && places > 1) throw invalid('/places', '1 for a shift of one driver');
  const door = await deps.door();
  const zone = door.zone(id);
  if (zone === undefined) throw new WaggleError('resource.not_found');
  const { startsMs, endsMs } = spanOfPlan(params, zone.timeZone);
  if (endsMs <= door.clock.zoneMs()) throw invalid('/day', 'a shift that is not over yet');
  if (driver !== null) await checkMayWork(deps.database.knex, driver);
  const { late_ms, no_show_ms } =
    (await queries.rulesOf(deps.database.knex, zone.market)) ?? USUAL_RULES;
  const rows = Array.from(
    { length: places },
    (): queries.ShiftRow => ({
      ...{ id: newId('shift'), zone: id, market: zone.market, time_zone: zone.timeZone },
      ...{ day, from_clock: from, to_clock: to, starts_ms: startsMs, ends_ms: endsMs },
      ...{ late_ms, no_show_ms, driver, state: driver === null ? 'open' : 'taken' },
      ...{ wanted_by: null, attendance: 'pending', came_ms: null, planned_by: sub },
    }),
  );
  return repeatable(deps.database, call, ['shifts', params], async (trx) => {
    await queries.insertShifts(trx, rows);
    return { items: rows.map(shiftView) };
  });
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}

/** Throws unless there is such a driver and it is approved. */
async function checkMayWork(db: Queryable, id: DriverId): Promise<void> {
  const driver = await driverById(db, id);
  if (driver === undefined) throw new WaggleError('resource.not_found');
  if (!driver.approved) throw new WaggleError('driver.not_approved');
}

export async function list(deps: ShiftDeps, params: ShiftQuery, call: Call): Promise<ShiftList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const { zone, from, to, state, attendance, mine } = params;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const rows = await queries.listShifts(
    deps.database.knex,
    { zone, from, to, state, attendance, after, ...(await seen(deps, params.driver, mine, call)) },
    limit + 1,
  );
  const page = pageOf(rows, limit);
  return { items: page.rows.map(shiftView), next: page.next };
}

async function seen(
  { door }: ShiftDeps,
  driver: DriverId | undefined,
  mine: boolean | undefined,
  call: Call,
): Promise<Pick<queries.ShiftFilter, 'driver' | 'seenBy'>> {
  if (seesAll(call.caller)) return { driver };
  const me = driverOf(call);
  if (mine === true) return { driver: me };
  return { seenBy: { driver: me, nowMs: Math.round((await door()).clock.zoneMs()) } };
}

/** A driver sees its own, and those that are free. */
function checkSees(call: Call, row: queries.ShiftRow | undefined): queries.ShiftRow {
  if (row === undefined) throw new WaggleError('resource.not_found');
  if (seesAll(call.caller)) return row;
  const me = driverOf(call);
  const isFree = row.state === 'open' || row.state === 'offered';
  if (row.driver !== me && row.wanted_by !== me && !isFree) {
    throw new WaggleError('resource.not_found');
  }
  return row;
}

export async function get(deps: ShiftDeps, { id }: ShiftRef, call: Call): Promise<Shift> {
  return shiftView(checkSees(call, await queries.shiftById(deps.database.knex, id)));
}

/** Locks a shift that the caller may see, changes it and shows it. */
async function change(
  deps: ShiftDeps,
  id: string,
  call: Call,
  decide: (row: queries.ShiftRow, trx: Transaction) => Promise<queries.ShiftChange>,
): Promise<Shift> {
  return deps.database.transaction(async (trx) => {
    const row = checkSees(call, await queries.lockShift(trx, id));
    if (row.state === 'cancelled') throw new WaggleError('resource.conflict', 'it was called off');
    return shiftView(await queries.changeShift(trx, row.id, await decide(row, trx)));
  });
}

/** First come, first served. Where ops must agree to swaps, the other one keeps it until they do. */
export async function take(deps: ShiftDeps, { id }: ShiftRef, call: Call): Promise<Shift> {
  const me = driverOf(call);
  const nowMs = (await deps.door()).clock.zoneMs();
  const taken = await change(deps, id, call, async (row, trx) => {
    await checkMayWork(trx, me);
    if (row.driver === me && row.state === 'taken') return { state: 'taken' };
    if (row.wanted_by === me) return { state: 'swapping' };
    if (row.ends_ms <= nowMs) throw new WaggleError('resource.conflict', 'it is over');
    if (row.state === 'open') return { driver: me, state: 'taken' };
    if (row.state !== 'offered' || row.driver === me) {
      throw new WaggleError('resource.conflict', 'its driver does not offer it');
    }
    const rules = (await queries.rulesOf(trx, row.market)) ?? USUAL_RULES;
    if (!rules.swap_needs_ops) return { driver: me, state: 'taken', ...ANEW };
    if (await queries.isBusy(trx, me, row)) throw new WaggleError('shift.overlaps');
    return { wanted_by: me, state: 'swapping' };
  });
  if (taken.state === 'swapping') call.setStatus(202);
  return taken;
}

/** Whoever has it now has not come to it yet. */
const ANEW = { wanted_by: null, attendance: 'pending', came_ms: null } as const;

export async function offer(
  deps: ShiftDeps,
  { id, offered }: ShiftOffer,
  call: Call,
): Promise<Shift> {
  const me = driverOf(call);
  const nowMs = (await deps.door()).clock.zoneMs();
  return change(deps, id, call, async (row) => {
    if (row.driver !== me) throw new WaggleError('resource.not_found');
    if (row.starts_ms <= nowMs) throw new WaggleError('resource.conflict', 'it has begun');
    if (!offered) return { state: 'taken', wanted_by: null };
    return row.state === 'taken' ? { state: 'offered' } : { state: row.state };
  });
}

export function decideSwap(
  deps: ShiftDeps,
  { id, approved }: ShiftSwap,
  call: Call,
): Promise<Shift> {
  return change(deps, id, call, async (row) => {
    if (row.state !== 'swapping') {
      throw new WaggleError('resource.conflict', 'nobody wants to take it over');
    }
    return approved
      ? { driver: row.wanted_by, state: 'taken', ...ANEW }
      : { state: 'offered', wanted_by: null };
  });
}

/** Ops give it to somebody, whatever its state, or open the place again. */
export async function assign(
  deps: ShiftDeps,
  { id, driver }: ShiftAssign,
  call: Call,
): Promise<Shift> {
  if (driver !== null) await checkMayWork(deps.database.knex, driver);
  return change(deps, id, call, async (row) =>
    row.driver === driver
      ? { state: row.state }
      : { driver, state: driver === null ? 'open' : 'taken', ...ANEW },
  );
}

export async function cancel(deps: ShiftDeps, { id }: ShiftRef, call: Call): Promise<Shift> {
  const row = await queries.shiftById(deps.database.knex, id);
  if (row?.state === 'cancelled') return shiftView(row);
  return change(deps, id, call, async () => ({ state: 'cancelled', wanted_by: null }));
}

export async function rules(
  { database }: ShiftDeps,
  { market }: ShiftRulesRef,
): Promise<ShiftRules> {
  const row = (await queries.rulesOf(database.knex, market)) ?? USUAL_RULES;
  const { swap_needs_ops: swapNeedsOps, late_ms, no_show_ms } = row;
  return {
    market,
    swapNeedsOps,
    lateSeconds: Math.round(late_ms / 1_000),
    noShowSeconds: Math.round(no_show_ms / 1_000),
  };
}

export async function setRules(
  deps: ShiftDeps,
  params: ShiftRules,
  call: Call,
): Promise<ShiftRules> {
  const { sub } = requireUser(call);
  const { market, swapNeedsOps, lateSeconds, noShowSeconds } = params;
  if (noShowSeconds <= lateSeconds) throw invalid('/noShowSeconds', 'more than /lateSeconds');
  await queries.writeRules(deps.database.knex, {
    market,
    swap_needs_ops: swapNeedsOps,
    late_ms: lateSeconds * 1_000,
    no_show_ms: noShowSeconds * 1_000,
    changed_by: sub,
  });
  return rules(deps, { market });
}
