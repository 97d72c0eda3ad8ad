/**
 * Who came to their shifts: seen by what the logs say of duty, and looked for at the start of each shift
 * in zone time. Durable: what is waited for stands in the rows, so a restart misses nobody.
 */
import type { DriverId } from '../../contracts/ids.ts';
import type { DutyChanged } from '../../contracts/messages/driver-work.ts';
import { DRIVER_STREAM, type ShiftMissed } from '../../contracts/messages/drivers.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import type { ServiceContext } from '../../platform/service-context.ts';
import type { ShiftRow } from './shift-queries.ts';
import { absenceOf, attendanceOf, EARLY_MS, type Expected } from './shift-rules.ts';
import type { DutyRow } from './work-fold.ts';

/** Shifts looked at in one go, and host ms between two looks. */
const BATCH = 500;
const LOOK_EVERY_MS = 2_000;

type Awaited = Pick<
  ShiftRow,
  'id' | 'zone' | 'driver' | 'starts_ms' | 'ends_ms' | 'late_ms' | 'no_show_ms' | 'attendance'
>;

function expectedOf(row: Awaited): Expected {
  const { starts_ms: startsMs, ends_ms: endsMs, late_ms: lateMs, no_show_ms: noShowMs } = row;
  return { startsMs, endsMs, lateMs, noShowMs };
}

/** Drivers went on duty: those with a shift about now have come to it. */
export async function noteArrivals(
  trx: Transaction,
  duties: readonly DutyChanged[],
): Promise<void> {
  const came = duties.filter(({ duty }) => duty === 'available');
  if (came.length === 0) return;
  const { rows } = await trx.raw<{ rows: (Awaited & { readonly at_ms: number })[] }>(
    `SELECT s.*, n.at_ms
       FROM shifts s JOIN jsonb_to_recordset(?::jsonb) AS n (driver text, at_ms bigint)
         ON n.driver = s.driver AND n.at_ms >= s.starts_ms - ? AND n.at_ms < s.ends_ms
      WHERE s.came_ms IS NULL AND s.state <> 'cancelled' ORDER BY n.at_ms DESC FOR UPDATE OF s`,
    [JSON.stringify(came.map(({ driver, atMs }) => ({ driver, at_ms: atMs }))), EARLY_MS],
  );
  await writeCame(
    trx,
    // Of several arrivals the first counts: it is the last one put here.
    [...new Map(rows.map((row) => [row.id, { row, cameMs: row.at_ms }])).values()],
  );
}

async function writeCame(
  trx: Transaction,
  came: readonly { readonly row: Awaited; readonly cameMs: number }[],
): Promise<void> {
  if (came.length === 0) return;
  const rows = came.map(({ row, cameMs }) => ({
    id: row.id,
    came_ms: cameMs,
    attendance: attendanceOf(expectedOf(row), cameMs),
  }));
  await trx.raw(
    `UPDATE shifts s SET came_ms = n.came_ms, attendance = n.attendance
       FROM jsonb_to_recordset(?::jsonb) AS n (id text, came_ms bigint, attendance text)
      WHERE s.id = n.id`,
    [JSON.stringify(rows)],
  );
}

export interface AttendanceDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
}

/** Starts looking for those who do not come. */
export function startAttendance({ log }: ServiceContext, deps: AttendanceDeps): Pump {
  return startPump({
    work: async () => {
      const nowMs = Math.round((await deps.door()).clock.zoneMs());
      return deps.database.transaction((trx) => lookForAbsent(trx, nowMs));
    },
    pollMs: LOOK_EVERY_MS,
    backOffMs: [500, 30_000],
    onError: (err) => log.warn({ err }, 'shifts could not be looked at; trying again'),
  });
}

/** One look at shifts that have begun; true when there may be more. */
export async function lookForAbsent(trx: Transaction, nowMs: number): Promise<boolean> {
  const awaited: Awaited[] = await trx('shifts')
    .whereNull('came_ms')
    .whereNot({ attendance: 'no_show' })
    .whereNotNull('driver')
    .whereNot({ state: 'cancelled' })
    .where('starts_ms', '<=', nowMs)
    // Those who are late are only looked at again when it is too late for them.
    .whereRaw(
      `(attendance = 'pending' AND (starts_ms + late_ms < ? OR EXISTS (
          SELECT 1 FROM duties d WHERE d.driver = shifts.driver AND d.duty <> 'off'))
        OR least(starts_ms + no_show_ms, ends_ms) <= ?)`,
      [nowMs, nowMs],
    )
    .orderBy('starts_ms')
    .limit(BATCH)
    .forUpdate()
    .skipLocked();
  if (awaited.length === 0) return false;
  const duties: DutyRow[] = await trx('duties').whereRaw('driver = ANY(?)', [
    awaited.flatMap(({ driver }) => driver ?? []),
  ]);
  const onDuty = new Map<DriverId | null, DutyRow>(
    duties.filter(({ duty }) => duty !== 'off').map((row) => [row.driver, row]),
  );
  const here = awaited.flatMap((row) => {
    const duty = onDuty.get(row.driver);
    return duty === undefined ? [] : [{ row, cameMs: Math.max(row.starts_ms, duty.since_ms) }];
  });
  await writeCame(trx, here);
  await writeAbsent(
    trx,
    awaited.filter(({ driver }) => !onDuty.has(driver)),
    nowMs,
  );
  return awaited.length === BATCH;
}

async function writeAbsent(
  trx: Transaction,
  rows: readonly Awaited[],
  nowMs: number,
): Promise<void> {
  const absent = rows.flatMap((row) => {
    const attendance = absenceOf(expectedOf(row), nowMs);
    return attendance === undefined || attendance === row.attendance ? [] : [{ row, attendance }];
  });
  if (absent.length === 0) return;
  const changes = absent.map(({ row: { id }, attendance }) => ({ id, attendance }));
  await trx.raw(
    `UPDATE shifts s SET attendance = n.attendance
       FROM jsonb_to_recordset(?::jsonb) AS n (id text, attendance text) WHERE s.id = n.id`,
    [JSON.stringify(changes)],
  );
  await enqueue(
    trx,
    absent.flatMap(({ row: { id: shift, driver, zone, starts_ms: startsMs }, attendance }) => {
      if (driver === null) return [];
      const payload: ShiftMissed = {
        ...{ type: 'shift.missed', shift, driver, zone, attendance, startsMs, atMs: nowMs },
      };
      return [{ key: driver, topic: DRIVER_STREAM, payload }];
    }),
  );
}
