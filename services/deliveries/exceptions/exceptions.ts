/**
 * The exception queue for ops: reads it, and takes down who looks after what. It changes nothing about
 * deliveries; a problem is over when the zone says so, its delivery has ended, or ops resolves it.
 * Every act is idempotent and leaves who, why and when in the audit.
 */
import { PAGE_LIMIT_DEFAULT } from '../../../contracts/api/common.ts';
import {
  type Exception,
  type ExceptionList,
  type ExceptionQuery,
  type ExceptionRef,
  type ExceptionResolve,
  type ExceptionSnooze,
  SNOOZE_MS_MAX,
} from '../../../contracts/api/exceptions.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { isId, newId } from '../../../contracts/ids.ts';
import { EXCEPTION_KINDS } from '../../../contracts/problems.ts';
import type { Door } from '../../../dispatch/redis/door.ts';
import type { Database } from '../../../platform/database.ts';
import { type Pump, startPump } from '../../../platform/pump.ts';
import { type Call, requireUser } from '../../../platform/service.ts';
import { parseTime, timeText, timeTextOrNull } from '../../../platform/times.ts';
import * as queries from './exception-queries.ts';

/** Closed exceptions are kept this long (zone ms), and at most this many of them. */
const KEPT_MS = 30 * 24 * 3_600_000;
const KEPT_MAX = 200_000;
const FORGET_AT_ONCE = 1_000;
const FORGET_EVERY_MS = 600_000;

export interface ExceptionDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
}

async function zoneNowMs({ door }: ExceptionDeps): Promise<number> {
  return Math.round((await door()).clock.zoneMs());
}

export async function list(deps: ExceptionDeps, params: ExceptionQuery): Promise<ExceptionList> {
  const { zone, kind, owner, snoozed, open = true, limit = PAGE_LIMIT_DEFAULT, cursor } = params;
  const filter: queries.ExceptionFilter = {
    ...{ zone, problem: kind, snoozed, open },
    owner: owner === 'nobody' ? null : owner,
    nowMs: await zoneNowMs(deps),
    after: cursor === undefined ? undefined : readCursor(cursor),
  };
  const rows = await queries.listExceptions(deps.database.knex, filter, limit + 1);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? cursorOf(last) : null;
  return { items: page.map(view), next };
}

/** The queue is sorted by lateness, then id: a cursor holds both. */
function cursorOf({ late_ms, id }: queries.ExceptionRow): string {
  return Buffer.from(`${late_ms} ${id}`).toString('base64url');
}

function readCursor(cursor: string): { readonly lateMs: number; readonly id: string } {
  const [late = '', id] = Buffer.from(cursor, 'base64url').toString().split(' ');
  const lateMs = Number(late);
  if (late === '' || !Number.isSafeInteger(lateMs) || !isId('exception', id)) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/cursor', expected: 'the `next` of an earlier page' },
    ]);
  }
  return { lateMs, id };
}

export function claim(deps: ExceptionDeps, { id }: ExceptionRef, call: Call): Promise<Exception> {
  const actor = requireUser(call).sub;
  return act(deps, id, call, { verb: 'claim', reason: 'claimed' }, (row) => {
    if (row.owner === actor) return null;
    if (row.owner !== null) {
      throw new WaggleError('resource.conflict', `it is ${row.owner}'s: release it first`);
    }
    return { owner: actor };
  });
}

export function release(deps: ExceptionDeps, { id }: ExceptionRef, call: Call): Promise<Exception> {
  return act(deps, id, call, { verb: 'release', reason: 'released' }, (row) =>
    row.owner === null ? null : { owner: null },
  );
}

export function snooze(
  deps: ExceptionDeps,
  { id, until, reason }: ExceptionSnooze,
  call: Call,
): Promise<Exception> {
  const untilMs = until === null ? null : parseTime(until, '/until');
  return act(deps, id, call, { verb: 'snooze', reason }, (row, nowMs) => {
    if (row.snoozed_until_ms === untilMs && (untilMs === null || row.note === reason)) return null;
    if (untilMs !== null && (untilMs <= nowMs || untilMs > nowMs + SNOOZE_MS_MAX)) {
      const expected = `after ${timeText(nowMs)} (zone time now), four hours at most`;
      throw new WaggleError('request.invalid', undefined, [{ field: '/until', expected }]);
    }
    return { snoozed_until_ms: untilMs, note: reason };
  });
}

export async function resolve(
  deps: ExceptionDeps,
  { id, reason }: ExceptionResolve,
  call: Call,
): Promise<Exception> {
  const facts = { verb: 'resolve', reason, onceMore: 'ops' } as const;
  return act(deps, id, call, facts, (_, nowMs) => ({
    ...{ closed_ms: nowMs, closed_by: 'ops', note: reason },
  }));
}

interface Act {
  readonly verb: 'claim' | 'release' | 'snooze' | 'resolve';
  readonly reason: string;
  /** Closed in this way, the act has been carried out before. */
  readonly onceMore?: 'ops';
}

type ChangeOf = (row: queries.ExceptionRow, nowMs: number) => Partial<queries.OpsColumns> | null;

/** Carries out an act on a locked row; null changes nothing and leaves no trace. */
async function act(
  deps: ExceptionDeps,
  id: string,
  call: Call,
  { verb, reason, onceMore }: Act,
  changeOf: ChangeOf,
): Promise<Exception> {
  const actor = requireUser(call).sub;
  const nowMs = await zoneNowMs(deps);
  const row = await deps.database.transaction(async (trx) => {
    const found = await queries.lockException(trx, id);
    if (found === undefined) throw new WaggleError('resource.not_found');
    if (found.closed_by !== null) {
      if (found.closed_by === onceMore) return found;
      throw new WaggleError('resource.conflict', `the exception is over: ${found.closed_by}`);
    }
    const change = changeOf(found, nowMs);
    if (change === null) return found;
    await queries.changeException(trx, id, change);
    await trx('exception_acts').insert({
      ...{ request: newId('control'), zone: found.zone, actor, reason, subject: found.id },
      ...{ verb: `exception.${verb}`, at_ms: nowMs },
      data: JSON.stringify({ delivery: found.delivery, problem: found.problem, ...change }),
    });
    return { ...found, ...change };
  });
  return view(row);
}

function view(row: queries.ExceptionRow): Exception {
  const { pickup, dropoff } = row.request;
  return {
    id: row.id,
    kind: row.problem,
    title: EXCEPTION_KINDS[row.problem] ?? row.problem,
    delivery: row.delivery,
    zone: row.zone,
    state: row.state,
    driver: row.carrier,
    about: row.driver,
    since: timeText(row.since_ms),
    promiseAt: timeTextOrNull(row.promise_ms),
    expectedAt: timeText(row.door_ms),
    lateMs: row.late_ms,
    toldAt: timeText(row.told_ms),
    waitUntil: timeTextOrNull(row.wait_until_ms),
    attempts: row.attempts,
    pickup: { lat: pickup.latE7 / 1e7, lon: pickup.lonE7 / 1e7 },
    dropoff: { lat: dropoff.latE7 / 1e7, lon: dropoff.lonE7 / 1e7 },
    owner: row.owner,
    snoozedUntil: timeTextOrNull(row.snoozed_until_ms),
    note: row.note,
    closedAt: timeTextOrNull(row.closed_ms),
    closedBy: row.closed_by,
  };
}

/** Open exceptions for the metrics; nothing while Postgres is away, as with every figure of it. */
export async function countOpen(database: Database): Promise<queries.OpenCount[]> {
  return queries.countOpen(database.knex).catch(() => []);
}

/** Forgets closed exceptions that are old or too many, a bounded number at a time. */
export function startForgetting(deps: ExceptionDeps, onError: (error: unknown) => void): Pump {
  return startPump({
    work: async () =>
      queries.forgetExceptions(deps.database.knex, {
        beforeMs: (await zoneNowMs(deps)) - KEPT_MS,
        kept: KEPT_MAX,
        atOnce: FORGET_AT_ONCE,
      }),
    pollMs: FORGET_EVERY_MS,
    backOffMs: [1_000, 60_000],
    onError,
  });
}
