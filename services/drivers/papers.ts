/** Papers of drivers: handed in, reviewed, deleted; and who may work by them. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import {
  type Background,
  type BackgroundSet,
  type DriverPolicy,
  type DriverPolicyRef,
  PAPERS_MAX,
  type Paper,
  type PaperAdd,
  type PaperAdded,
  type PaperList,
  type PaperQuery,
  type PaperRef,
  type PaperReview,
  type Standing,
  VEHICLE_PAPERS,
} from '../../contracts/api/driver-papers.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type DriverId, newId } from '../../contracts/ids.ts';
import {
  DRIVER_STREAM,
  type DriverApproval,
  type PaperReviewed,
} from '../../contracts/messages/drivers.ts';
import type { Database, Queryable, Transaction } from '../../platform/database.ts';
import { type FileLinks, READ_LINK_MS, UPLOAD_LINK_MS } from '../../platform/files/file-links.ts';
import { newFileName } from '../../platform/files/file-store.ts';
import { repeatable } from '../../platform/idempotency.ts';
import { enqueue } from '../../platform/outbox.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, requireSystem, requireUser, seesAll } from '../../platform/service.ts';
import { timeText } from '../../platform/times.ts';
import type { BackgroundChecks } from './background.ts';
import { driverOf } from './earnings.ts';
import * as queries from './paper-queries.ts';
import { type DriverRow, driverById, driversById, loseApproval } from './queries.ts';
import { dayOfGrace, type Verdict, verdictOf } from './standing.ts';

export interface PaperDeps {
  readonly database: Database;
  readonly links: FileLinks;
  readonly checks: BackgroundChecks;
  /** Wall ms. */
  readonly nowMs: () => number;
}

const MINE = 'drivers.paperArrived';

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}

export async function add(deps: PaperDeps, params: PaperAdd, call: Call): Promise<PaperAdded> {
  const driver = driverOf(call);
  const { kind, vehicle = null, number = null, expiresOn = null, contentType, bytes } = params;
  if ((VEHICLE_PAPERS as readonly string[]).includes(kind) !== (vehicle !== null)) {
    throw invalid('/vehicle', `one of yours for ${VEHICLE_PAPERS.join(', ')}, and for no other`);
  }
  if (expiresOn !== null && expiresOn < dayOfGrace(deps.nowMs())) {
    throw invalid('/expiresOn', 'a day that is not past');
  }
  const me = await driverById(deps.database.knex, driver);
  if (me === undefined) throw new WaggleError('resource.not_found');
  if (vehicle !== null && !me.vehicles.some(({ id }) => id === vehicle)) {
    throw invalid('/vehicle', 'a vehicle of yours');
  }
  const row: queries.NewPaper = {
    ...{ id: newId('document'), driver, kind, vehicle, number, expires_on: expiresOn },
    ...{ state: 'waiting', file: newFileName('paper'), file_type: contentType },
  };
  return repeatable(deps.database, call, ['paper', params], async (trx) => {
    if (!(await queries.insertPaper(trx, row, PAPERS_MAX))) {
      throw new WaggleError('resource.conflict', `at most ${PAPERS_MAX} papers`);
    }
    return addedOf(deps, row, bytes);
  });
}

function addedOf(deps: PaperDeps, row: queries.NewPaper, bytes: number): PaperAdded {
  const { file, id, file_type: contentType } = row;
  const { url, expiresMs } = deps.links.sign(
    { may: 'put', file, contentType, bytesMax: bytes, tell: MINE, id },
    UPLOAD_LINK_MS,
  );
  const upload = { url, contentType, bytesMax: bytes, expiresAt: timeText(expiresMs) };
  const whole = { ...row, reason: null, created_at: new Date(deps.nowMs()), reviewed_at: null };
  return { id, paper: paperView({ ...whole, warned_days: null }), upload };
}

export const PAPER_ARRIVED = {
  type: 'object',
  required: ['id', 'file'],
  properties: { id: { type: 'string' }, file: { type: 'string' } },
} as const;

/** The file of a paper was uploaded; told once or more often. */
export async function arrived(
  { database }: PaperDeps,
  { id, file }: { readonly id: string; readonly file: string },
  call: Call,
): Promise<void> {
  requireSystem(call);
  if (!(await queries.markSubmitted(database.knex, id, file))) {
    throw new WaggleError('resource.not_found');
  }
}

/** Another driver's paper looks as if it did not exist. */
export async function remove(deps: PaperDeps, { id }: PaperRef, call: Call): Promise<void> {
  await deps.database.transaction(async (trx) => {
    const row = await queries.lockPaper(trx, id);
    if (row === undefined || (!seesAll(call.caller) && row.driver !== driverOf(call))) {
      throw new WaggleError('resource.not_found');
    }
    await queries.dropPapers(trx, { id });
    await withdrawWhereNeeded(deps, trx, [row.driver], 'papers');
  });
}

export async function list(deps: PaperDeps, params: PaperQuery): Promise<PaperList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const { state = 'submitted', kind } = params;
  const rows = await queries.listPapers(deps.database.knex, { state, kind, after }, limit + 1);
  const page = pageOf(rows, limit);
  return { items: page.rows.map((row) => paperView(row, deps.links)), next: page.next };
}

/** A rejection of what was approved before may cost the driver its approval. */
export async function review(deps: PaperDeps, params: PaperReview, call: Call): Promise<Paper> {
  const { sub } = requireUser(call);
  const { id, approved, reason = null, expiresOn } = params;
  if (!approved && reason === null) throw invalid('/reason', 'why it is rejected');
  return deps.database.transaction(async (trx) => {
    const row = await queries.lockPaper(trx, id);
    if (row === undefined) throw new WaggleError('resource.not_found');
    if (row.state === 'waiting') throw new WaggleError('resource.conflict', 'its file is missing');
    const expires_on = expiresOn ?? row.expires_on;
    if (approved && expires_on !== null && expires_on < dayOfGrace(deps.nowMs())) {
      throw invalid('/expiresOn', 'a day that is not past');
    }
    const state = approved ? 'approved' : 'rejected';
    const done = await queries.reviewPaper(trx, row.id, {
      ...{ state, reason, expires_on, reviewed_by: sub },
    });
    const payload: PaperReviewed = {
      ...{ type: 'paper.reviewed', paper: row.id, driver: row.driver, approved, reason },
      atMs: deps.nowMs(),
    };
    await enqueue(trx, [{ key: row.driver, topic: DRIVER_STREAM, payload }]);
    if (!approved) await withdrawWhereNeeded(deps, trx, [row.driver], 'papers');
    return paperView(done ?? row, deps.links);
  });
}

type PapersOf = Awaited<ReturnType<typeof queries.papersOf>>;
type BackgroundsOf = Awaited<ReturnType<typeof queries.backgroundsOf>>;

/** Of each of these drivers whether it may work; a fixed number of queries. */
export async function verdictsOf(
  deps: Pick<PaperDeps, 'nowMs'>,
  db: Queryable,
  drivers: readonly DriverRow[],
): Promise<Map<DriverId, Verdict>> {
  const ids = drivers.map(({ id }) => id);
  const policies = await queries.allPolicies(db);
  // Nothing is asked for anywhere: nothing need be read.
  const asksNothing = policies.length === 0 || ids.length === 0;
  const papers: PapersOf = asksNothing ? new Map() : await queries.papersOf(db, ids);
  const backgrounds: BackgroundsOf = asksNothing ? new Map() : await queries.backgroundsOf(db, ids);
  const today = dayOfGrace(deps.nowMs());
  return new Map(
    drivers.map((driver) => {
      const asked = policies
        .filter(({ market }) => driver.market === null || driver.market === market)
        .map((row) => ({ papers: row.papers, backgroundCheck: row.background_check }));
      const candidate = {
        vehicles: driver.vehicles,
        papers: (papers.get(driver.id) ?? []).map(shownOf),
        background: backgrounds.get(driver.id)?.state ?? 'not_started',
      };
      return [driver.id, verdictOf(asked, candidate, today)];
    }),
  );
}

function shownOf({ id, kind, vehicle, state, expires_on: expiresOn }: queries.PaperRow) {
  return { id, kind, vehicle, state, expiresOn };
}

/** Takes the approval of those who may not work any more, and tells. */
export async function withdrawWhereNeeded(
  deps: Pick<PaperDeps, 'nowMs'>,
  trx: Transaction,
  ids: readonly DriverId[],
  why: 'papers' | 'background',
): Promise<void> {
  const drivers = (await driversById(trx, [...new Set(ids)])).filter(({ approved }) => approved);
  const verdicts = await verdictsOf(deps, trx, drivers);
  const lost = drivers.filter(({ id }) => verdicts.get(id)?.mayWork === false);
  if (lost.length === 0) return;
  await loseApproval(
    trx,
    lost.map(({ id }) => id),
    why,
  );
  const atMs = deps.nowMs();
  await enqueue(
    trx,
    lost.map(({ id: driver, user_id: user }) => {
      const payload: DriverApproval = {
        ...{ type: 'driver.approval', driver, user, approved: false, why, atMs },
      };
      return { key: driver, topic: DRIVER_STREAM, payload };
    }),
  );
}

export async function standing(deps: PaperDeps, driver: DriverId): Promise<Standing> {
  const { knex } = deps.database;
  const row = await driverById(knex, driver);
  if (row === undefined) throw new WaggleError('resource.not_found');
  const [verdicts, papers, background] = await Promise.all([
    verdictsOf(deps, knex, [row]),
    queries.papersOf(knex, [driver]),
    backgroundOf(knex, driver),
  ]);
  const verdict = verdicts.get(driver);
  if (verdict === undefined) throw new WaggleError('internal');
  return {
    ...verdict,
    approved: row.approved,
    background,
    papers: (papers.get(driver) ?? []).map((paper) => paperView(paper, deps.links)),
  };
}

async function backgroundOf(db: Queryable, driver: DriverId): Promise<Background> {
  const row = (await queries.backgroundsOf(db, [driver])).get(driver);
  if (row === undefined) return { driver, state: 'not_started', note: null, at: null };
  return { driver, state: row.state, note: row.note, at: row.at.toISOString() };
}

export async function startBackground(
  deps: PaperDeps,
  driver: DriverId,
  call: Call,
): Promise<Background> {
  const { knex } = deps.database;
  const { sub: changed_by } = requireUser(call);
  if ((await driverById(knex, driver)) === undefined) throw new WaggleError('resource.not_found');
  const before = await backgroundOf(knex, driver);
  if (before.state === 'pending') return before;
  const { reference } = await deps.checks.start(driver);
  await queries.writeBackground(knex, {
    ...{ driver, state: 'pending', note: null, changed_by },
    ...(reference === null ? {} : { reference }),
  });
  return backgroundOf(knex, driver);
}

export async function setBackground(
  deps: PaperDeps,
  params: BackgroundSet,
  call: Call,
): Promise<Background> {
  const { id: driver, state, note = null } = params;
  const { sub: changed_by } = requireUser(call);
  return deps.database.transaction(async (trx) => {
    if ((await driverById(trx, driver)) === undefined) throw new WaggleError('resource.not_found');
    await queries.writeBackground(trx, { driver, state, note, changed_by });
    await withdrawWhereNeeded(deps, trx, [driver], 'background');
    return backgroundOf(trx, driver);
  });
}

export async function policy(
  { database }: PaperDeps,
  { market }: DriverPolicyRef,
): Promise<DriverPolicy> {
  const row = (await queries.allPolicies(database.knex)).find((each) => each.market === market);
  if (row === undefined) return { market, papers: [], backgroundCheck: false };
  return { market, papers: row.papers, backgroundCheck: row.background_check };
}

/** Drivers who lack what is asked for now lose it with their next token; the approval itself stays. */
export async function setPolicy(
  deps: PaperDeps,
  { market, papers, backgroundCheck }: DriverPolicy,
  call: Call,
): Promise<DriverPolicy> {
  const { sub: changed_by } = requireUser(call);
  const row = { market, papers, background_check: backgroundCheck, changed_by };
  await queries.writePolicy(deps.database.knex, row);
  return policy(deps, { market });
}

function paperView(row: queries.PaperRow, links?: FileLinks): Paper {
  const { file, file_type: contentType } = row;
  const link =
    links === undefined || row.state === 'waiting'
      ? undefined
      : links.sign({ may: 'get', file, contentType }, READ_LINK_MS);
  return {
    id: row.id,
    driver: row.driver,
    kind: row.kind,
    vehicle: row.vehicle,
    number: row.number,
    expiresOn: row.expires_on,
    state: row.state,
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    reviewedAt: row.reviewed_at?.toISOString() ?? null,
    url: link?.url ?? null,
    urlExpiresAt: link === undefined ? null : timeText(link.expiresMs),
  };
}
