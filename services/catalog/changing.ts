/**
 * Every change of a menu: one at a time per menu, its version grows, and what changed is told in the
 * same transaction. What is changed is the business of the caller.
 */
import { WaggleError } from '../../contracts/errors.ts';
import type { ProductId } from '../../contracts/ids.ts';
import { CATALOG_STREAM, type MenuChanged } from '../../contracts/messages/catalog.ts';
import type { Transaction } from '../../platform/database.ts';
import { repeatable } from '../../platform/idempotency.ts';
import { enqueue } from '../../platform/outbox.ts';
import type { Call } from '../../platform/service.ts';
import { type CatalogDeps, ownMenu } from './menus.ts';
import * as queries from './queries.ts';
import type { MenuRow } from './rows.ts';
import { piecesOf, summaryOf } from './rules.ts';

/** Products one event tells of. */
export const PRODUCTS_TOLD_MAX = 50;

/** What came of a change: the answer, and which products are not what they were. */
export interface Outcome<T> {
  readonly answer: T;
  readonly changed?: readonly ProductId[];
  readonly removed?: readonly ProductId[];
  /** Nothing is different: the menu keeps its version, and nobody is told. */
  readonly isSame?: boolean;
}

export interface Changed<T> {
  readonly answer: T;
  /** Of the menu, after the change. */
  readonly version: number;
}

/**
 * Runs `work` alone on the menu of a vendor the caller may change; `what` makes it repeatable by a key.
 */
export async function changeMenu<T>(
  deps: CatalogDeps,
  vendor: string,
  call: Call,
  work: (trx: Transaction, menu: MenuRow) => Promise<Outcome<T>>,
  what?: readonly [name: string, params: object],
): Promise<Changed<T>> {
  await ownMenu(deps, vendor, call);
  const inTurn = async (trx: Transaction): Promise<Changed<T>> => {
    const menu = await queries.lockMenu(trx, vendor);
    if (menu === undefined) throw new WaggleError('resource.not_found');
    const { answer, changed = [], removed = [], isSame = false } = await work(trx, menu);
    if (isSame) return { answer, version: menu.version };
    return { answer, version: await tell(trx, menu, { changed, removed }, call.correlationId) };
  };
  const done =
    what === undefined
      ? await deps.database.transaction(inTurn)
      : await repeatable(deps.database, call, what, inTurn);
  deps.wakeRelay();
  return done;
}

/** Each piece is a version of its own, so that a reader can tell that one is missing. */
async function tell(
  trx: Transaction,
  menu: MenuRow,
  news: { readonly changed: readonly ProductId[]; readonly removed: readonly ProductId[] },
  correlation: string,
): Promise<number> {
  const { vendor, currency } = menu;
  const rows =
    news.changed.length === 0 ? [] : await queries.productsByIds(trx, vendor, news.changed);
  const names: ReadonlyMap<string, string> =
    rows.length === 0 ? new Map() : await queries.categoryNames(trx, vendor);
  const pieces = piecesOf(
    rows.map((row) => summaryOf(row, names)),
    news.removed,
    PRODUCTS_TOLD_MAX,
  );
  const version = menu.version + pieces.length;
  await queries.setMenuVersion(trx, vendor, version);
  await enqueue(
    trx,
    pieces.map((piece, index) => {
      const told = menu.version + index + 1;
      const payload: MenuChanged = {
        type: 'menu.changed',
        ...{ vendor, currency, version: told, ...piece },
      };
      return { key: vendor, topic: CATALOG_STREAM, payload, correlation };
    }),
  );
  return version;
}

/** Refuses a change of something that is not what the caller has seen. */
export function checkVersion(
  row: { readonly version: number },
  expected: number | undefined,
): void {
  if (expected === undefined || expected === row.version) return;
  throw new WaggleError('resource.changed', `changed meanwhile: its version is ${row.version}`);
}

/** Refuses what would make a menu larger than it may be. */
export function checkRoom(count: number, max: number, what: string): void {
  if (count > max) throw new WaggleError('resource.conflict', `a menu has at most ${max} ${what}`);
}

/** A row by its id, for a caller who may change its menu. */
export async function ownPart<P extends queries.Part>(
  deps: CatalogDeps,
  part: P,
  id: string,
  call: Call,
) {
  const row = await queries.partById(deps.database.knex, part, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  await ownMenu(deps, row.vendor, call);
  return row;
}

/** The same row again under the lock of its menu, of the version the caller has seen. */
export async function partUnderLock<P extends queries.Part>(
  trx: Transaction,
  part: P,
  { id, version }: { readonly id: string; readonly version?: number | undefined },
) {
  const row = await queries.partById(trx, part, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  checkVersion(row, version);
  return row;
}
