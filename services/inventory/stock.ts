/** Stock as vendors keep it: saying what is there, adjusting it with a reason, counting no longer. */
import {
  type Adjustment,
  type AdjustReason,
  STOCK_MAX,
  type StockAdjust,
  type StockRef,
  type StockSet,
  type StockSetAnswer,
} from '../../contracts/api/inventory.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { newId, type VendorId } from '../../contracts/ids.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import { idempotent } from '../../platform/idempotency.ts';
import { enqueue } from '../../platform/outbox.ts';
import type { Call } from '../../platform/service.ts';
import { levelNewsOf, levelOf, recordKey, type StockRecord } from './ledger.ts';
import * as queries from './queries.ts';
import { adjustmentView, checkOwn, type Line, stockView } from './reading.ts';
import { told } from './requests.ts';

export interface InventoryDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly wakeRelay: () => void;
}

/** Who changes stock, why and when. */
interface Cause {
  readonly vendor: VendorId;
  /** A person, or a key. */
  readonly actor: string;
  readonly reason: AdjustReason;
  readonly note: string | null;
  readonly atMs: number;
}

async function causeOf(
  deps: InventoryDeps,
  call: Call,
  params: { readonly vendor: string; readonly reason?: AdjustReason; readonly note?: string },
): Promise<Cause> {
  return {
    vendor: params.vendor as VendorId,
    actor: actorOf(call),
    reason: params.reason ?? 'counted',
    note: params.note ?? null,
    atMs: Math.round((await deps.door()).clock.zoneMs()),
  };
}

function actorOf({ caller }: Call): string {
  if (caller.kind === 'user' || caller.kind === 'api_key') return caller.sub;
  throw new WaggleError('auth.forbidden');
}

/** Says what can be sold from now on, whatever was there before. */
export async function set(
  deps: InventoryDeps,
  params: StockSet,
  call: Call,
): Promise<StockSetAnswer> {
  await checkOwn(call, params.vendor, params.items, (index) => `/items/${index}/product`);
  const cause = await causeOf(deps, call, params);
  const lines = linesByKey(params);
  const keys = params.items.map(({ product, variant }) => ({ product, variant: variant ?? '' }));
  const written = await deps.database.transaction(async (trx) => {
    const added = await queries.addStock(trx, params.vendor, keys);
    const fresh = new Set(added.map(({ product, variant }) => recordKey(product, variant)));
    const locked = await queries.lockStock(
      trx,
      params.items.map(({ product }) => product),
    );
    const changes = locked.flatMap((record) => {
      const key = recordKey(record.product, record.variant);
      const line = lines.get(key);
      if (line === undefined) return [];
      const { available, lowMark = record.low_mark } = line;
      return [{ before: record, isNew: fresh.has(key), available, low_mark: lowMark }];
    });
    return write(trx, changes, cause);
  });
  deps.wakeRelay();
  return { items: written.map(({ record }) => stockView(record)) };
}

function linesByKey({ items }: StockSet): ReadonlyMap<string, StockSet['items'][number]> {
  const lines = new Map<string, StockSet['items'][number]>();
  for (const [index, item] of items.entries()) {
    const key = recordKey(item.product, item.variant ?? null);
    if (lines.has(key)) {
      throw new WaggleError('request.invalid', undefined, [
        { field: `/items/${index}`, expected: 'each product and variant once' },
      ]);
    }
    lines.set(key, item);
  }
  return lines;
}

/** Adds to what can be sold or takes from it, once per Idempotency-Key. */
export async function adjust(
  deps: InventoryDeps,
  params: StockAdjust,
  call: Call,
): Promise<Adjustment> {
  await checkOwn(call, params.vendor, [params]);
  const cause = await causeOf(deps, call, params);
  const { answer } = await idempotent(
    deps.database,
    { owner: cause.actor, key: call.idempotencyKey, request: params },
    async (trx) => {
      const record = await lockRecord(trx, params);
      const available = record.available + params.delta;
      if (available < 0) {
        throw new WaggleError('resource.conflict', `only ${record.available} are left`);
      }
      if (available > STOCK_MAX) {
        throw new WaggleError('resource.conflict', `a record holds at most ${STOCK_MAX}`);
      }
      const { low_mark } = record;
      const change = { before: record, isNew: false, available, low_mark };
      const [written] = await write(trx, [change], cause);
      if (written === undefined) throw new Error('a change was not written');
      return adjustmentView(written.adjustment);
    },
  );
  deps.wakeRelay();
  return answer;
}

/** The product is not counted any more: it is always there. */
export async function remove(deps: InventoryDeps, params: StockRef, call: Call): Promise<void> {
  await checkOwn(call, params.vendor, []);
  await deps.database.transaction(async (trx) => {
    const record = await lockRecord(trx, params);
    await queries.removeStock(trx, [record]);
    if (record.level === 'in') return;
    const news = {
      ...levelNewsOf({ ...record, version: record.version + 1 }),
      level: 'in',
    } as const;
    await enqueue(trx, [told(record.product, news, null)]);
  });
  deps.wakeRelay();
}

async function lockRecord(
  trx: Transaction,
  params: { readonly vendor: string } & Line,
): Promise<StockRecord> {
  const records = await queries.lockStock(trx, [params.product]);
  const found = records.find(
    ({ vendor, variant }) => vendor === params.vendor && variant === (params.variant ?? ''),
  );
  if (found === undefined) throw new WaggleError('resource.not_found');
  return found;
}

interface Change {
  readonly before: StockRecord;
  readonly isNew: boolean;
  readonly available: number;
  readonly low_mark: number;
}

interface Written {
  readonly record: StockRecord;
  readonly adjustment: queries.AdjustmentRow;
  readonly isNew: boolean;
  readonly isNews: boolean;
}

/** Writes records, their history, and the news of levels that are others now. */
async function write(
  trx: Transaction,
  changes: readonly Change[],
  cause: Cause,
): Promise<Written[]> {
  const written = changes.map(({ before, isNew, available, low_mark }): Written => {
    const level = levelOf(available, low_mark);
    const record = { ...before, available, low_mark, level, version: before.version + 1 };
    const adjustment = adjustmentOf(before, available - before.available, cause);
    return { record, adjustment, isNew, isNews: isNew || level !== before.level };
  });
  await queries.updateStock(
    trx,
    written.map(({ record }) => record),
  );
  await queries.insertAdjustments(
    trx,
    written
      .filter(({ adjustment, isNew }) => isNew || adjustment.delta !== 0)
      .map(({ adjustment }) => adjustment),
  );
  const news = written.filter(({ isNews }) => isNews).map(({ record }) => levelNewsOf(record));
  await enqueue(
    trx,
    news.map((event) => told(event.product, event, null)),
  );
  return written;
}

function adjustmentOf(before: StockRecord, delta: number, cause: Cause): queries.AdjustmentRow {
  const { product, variant } = before;
  const { vendor, actor, reason, note, atMs } = cause;
  return {
    id: newId('adjustment'),
    ...{ product, variant, vendor, actor, reason, note },
    delta,
    available: before.available + delta,
    at_ms: atMs,
  };
}
