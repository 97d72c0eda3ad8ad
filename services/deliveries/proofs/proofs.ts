/** Proof of delivery: what the driver shows at the door, and who may look at it afterwards. */
import {
  PIN_TRIES_MAX,
  PROOFS_MAX,
  type Proof,
  type ProofAdd,
  type ProofAdded,
  type ProofRef,
  type ProofState,
  type Upload,
} from '../../../contracts/api/proofs.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { type DriverId, newId } from '../../../contracts/ids.ts';
import { isEnded } from '../../../contracts/states.ts';
import type { Door } from '../../../dispatch/redis/door.ts';
import type { Database } from '../../../platform/database.ts';
import {
  type FileLinks,
  READ_LINK_MS,
  UPLOAD_LINK_MS,
} from '../../../platform/files/file-links.ts';
import { type FileStore, newFileName } from '../../../platform/files/file-store.ts';
import { type Call, type Caller, requireSystem, requireUser } from '../../../platform/service.ts';
import { timeText } from '../../../platform/times.ts';
import { checkSees } from '../access.ts';
import * as queries from '../queries.ts';
import type { DeliveryRow } from '../rows.ts';
import { clearWhenShown } from './proof-marks.ts';
import { ageOn, missingOf, needsOf } from './proof-needs.ts';
import type { Pins } from './proof-pins.ts';
import * as proofs from './proof-queries.ts';

export interface ProofDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly pins: Pins;
  readonly links: FileLinks;
  readonly files: FileStore;
}

/** How long after its end a phone without signal may still hand a proof in, zone ms. */
const LATE_MS = 24 * 3_600_000;
const MINE = 'deliveries.proofArrived';

/** The driver shows something. Throws `proof.pin_wrong` and `proof.pin_locked`. */
export async function add(deps: ProofDeps, params: ProofAdd, call: Call): Promise<ProofAdded> {
  const { driver } = requireUser(call);
  if (driver === undefined) throw new WaggleError('auth.forbidden');
  const nowMs = Math.round((await deps.door()).clock.zoneMs());
  const row = await queries.deliveryById(deps.database.knex, params.id);
  // Its own current delivery only: another driver's looks as if it did not exist.
  if (row === undefined || row.driver !== driver) throw new WaggleError('resource.not_found');
  if (isTooLate(row, nowMs)) throw new WaggleError('delivery.ended');
  switch (params.kind) {
    case 'pin':
      return addPin(deps, row, driver, params, nowMs);
    case 'age':
      return addAge(deps, row, driver, params, nowMs);
    default:
      return addFile(deps, row, driver, params, nowMs);
  }
}

function isTooLate(row: DeliveryRow, nowMs: number): boolean {
  if (!isEnded(row.state)) return false;
  const isDone = row.state === 'delivered' || row.state === 'returned';
  return !isDone || nowMs > (row.ended_ms ?? 0) + LATE_MS;
}

function missing(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}

async function addPin(
  deps: ProofDeps,
  row: DeliveryRow,
  driver: DriverId,
  { pin }: ProofAdd,
  nowMs: number,
): Promise<ProofAdded> {
  if (pin === undefined) throw missing('/pin', 'four digits');
  const kid = row.proof?.pinKid;
  if (kid === undefined) throw new WaggleError('resource.conflict', 'no PIN is asked for here');
  const before = await proofs.shownOnce(deps.database.knex, row.id, 'pin');
  if (before !== undefined) return answer(before);
  // Counted first and by itself: whoever tries in parallel has no more tries than others.
  const tries = await proofs.countPinTry(deps.database.knex, row.id, PIN_TRIES_MAX);
  if (tries === undefined) throw new WaggleError('proof.pin_locked');
  if (!deps.pins.fits(row.id, kid, pin)) {
    throw new WaggleError('proof.pin_wrong', `${PIN_TRIES_MAX - tries} more tries`);
  }
  return deps.database.transaction(async (trx) => {
    await proofs.resetPinTries(trx, row.id);
    const proof = { id: newId('proof'), delivery: row.id, kind: 'pin', place: 'dropoff' } as const;
    const shown = { driver, at_ms: nowMs, arrived: true, passed: true, file: null };
    const stored = { ...proof, ...shown, file_type: null };
    await proofs.insertProof(trx, stored, PROOFS_MAX);
    await clearWhenShown(trx, row, nowMs);
    return answer(stored);
  });
}

/** The birth date is looked at and forgotten. Not passed: the parcel must not be handed over. */
async function addAge(
  deps: ProofDeps,
  row: DeliveryRow,
  driver: DriverId,
  { birthDate, passed }: ProofAdd,
  nowMs: number,
): Promise<ProofAdded> {
  const ageMin = row.proof?.ageMin;
  if (ageMin === undefined) throw new WaggleError('resource.conflict', 'no age is asked for here');
  if ((birthDate === undefined) === (passed === undefined)) {
    throw missing('/birthDate', 'a birth date, or `passed` false where none was shown');
  }
  const timeZone = (await deps.door()).zone(row.zone)?.timeZone ?? 'UTC';
  const isOldEnough = birthDate !== undefined && ageOn(birthDate, dayIn(timeZone, nowMs)) >= ageMin;
  return deps.database.transaction(async (trx) => {
    const proof = { id: newId('proof'), delivery: row.id, kind: 'age', place: 'dropoff' } as const;
    const shown = { driver, at_ms: nowMs, arrived: true, passed: isOldEnough, file: null };
    const stored = { ...proof, ...shown, file_type: null };
    await proofs.insertProof(trx, stored, PROOFS_MAX);
    await clearWhenShown(trx, row, nowMs);
    return answer(stored);
  });
}

function dayIn(timeZone: string, atMs: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(atMs);
}

async function addFile(
  deps: ProofDeps,
  row: DeliveryRow,
  driver: DriverId,
  { kind, place = 'dropoff', contentType, bytes }: ProofAdd,
  nowMs: number,
): Promise<ProofAdded> {
  if (contentType === undefined) throw missing('/contentType', 'the type of the image');
  if (bytes === undefined) throw missing('/bytes', 'the size of the image');
  const stored: proofs.ProofRow = {
    ...{ id: newId('proof'), delivery: row.id, kind, place, driver, at_ms: nowMs },
    ...{ arrived: false, passed: true, file: newFileName('proof'), file_type: contentType },
  };
  await deps.database.transaction((trx) => proofs.insertProof(trx, stored, PROOFS_MAX));
  const { url, expiresMs } = deps.links.sign(
    {
      may: 'put',
      file: stored.file ?? '',
      contentType,
      bytesMax: bytes,
      tell: MINE,
      id: stored.id,
    },
    UPLOAD_LINK_MS,
  );
  return answer(stored, { url, contentType, bytesMax: bytes, expiresAt: timeText(expiresMs) });
}

function answer(row: proofs.ProofRow, upload: Upload | null = null): ProofAdded {
  const next = { deed: 'undeliverable', code: 'age_check_failed', fault: 'customer' } as const;
  return { proof: viewOf(row), upload, next: row.passed ? null : next };
}

export const PROOF_ARRIVED = {
  type: 'object',
  required: ['id', 'file'],
  properties: { id: { type: 'string' }, file: { type: 'string' } },
} as const;

/** The file of a proof was uploaded; told once or more often. */
export async function arrived(
  deps: ProofDeps,
  params: { readonly id: string; readonly file: string },
  call: Call,
): Promise<void> {
  requireSystem(call);
  const nowMs = Math.round((await deps.door()).clock.zoneMs());
  await deps.database.transaction(async (trx) => {
    const delivery = await proofs.markArrived(trx, params.id, params.file);
    if (delivery === undefined) throw new WaggleError('resource.not_found');
    const row = await queries.lockDelivery(trx, delivery);
    if (row !== undefined) await clearWhenShown(trx, row, nowMs);
  });
}

/** What was asked for and shown; the PIN for the customer alone, files for everybody but drivers. */
export async function read(deps: ProofDeps, { id }: ProofRef, call: Call): Promise<ProofState> {
  const { knex } = deps.database;
  const row = checkSees(call.caller, await queries.deliveryById(knex, id));
  const shown = await proofs.proofsOf(knex, id, PROOFS_MAX);
  const atDoor = shown.filter(({ place }) => place === 'dropoff');
  const seesFiles = !(call.caller.kind === 'user' && call.caller.role === 'driver');
  return {
    needs: needsOf(row.proof),
    pin: isCustomer(call.caller) ? pinOf(deps, row) : null,
    pinTriesLeft: PIN_TRIES_MAX - row.pin_tries,
    missing: missingOf(row.proof, atDoor),
    items: shown.map((each) => viewOf(each, seesFiles ? deps.links : undefined)),
  };
}

function isCustomer(caller: Caller): boolean {
  return caller.kind === 'user' && caller.role === 'customer';
}

function pinOf({ pins }: ProofDeps, row: DeliveryRow): string | null {
  if (row.proof?.pinKid === undefined || isEnded(row.state)) return null;
  return pins.show(row.id, row.proof.pinKid);
}

/** For the tracking page, whose link is the customer's; null when there is none to say. */
export async function pin(
  deps: ProofDeps,
  { id }: ProofRef,
  call: Call,
): Promise<{ readonly pin: string | null }> {
  requireSystem(call);
  const row = await queries.deliveryById(deps.database.knex, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  return { pin: pinOf(deps, row) };
}

/** Ops open the lock after too many wrong PINs. */
export async function unlockPin(
  deps: ProofDeps,
  { id }: ProofRef,
  call: Call,
): Promise<ProofState> {
  requireUser(call);
  if (!(await proofs.resetPinTries(deps.database.knex, id))) {
    throw new WaggleError('resource.not_found');
  }
  return read(deps, { id }, call);
}

function viewOf(row: proofs.ProofRow, links?: FileLinks): Proof {
  const { file, file_type: contentType } = row;
  const link =
    links === undefined || file === null || contentType === null || !row.arrived
      ? undefined
      : links.sign({ may: 'get', file, contentType }, READ_LINK_MS);
  return {
    id: row.id,
    kind: row.kind,
    place: row.place,
    driver: row.driver,
    at: timeText(row.at_ms),
    arrived: row.arrived,
    passed: row.passed,
    url: link?.url ?? null,
    urlExpiresAt: link === undefined ? null : timeText(link.expiresMs),
  };
}
