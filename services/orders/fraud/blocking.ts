/** Who may not order: what ops does with the list that the rules read. */

import { PAGE_LIMIT_DEFAULT } from '../../../contracts/api/common.ts';
import type {
  Block,
  Blocked,
  BlockedList,
  BlockedRef,
  WaitingQuery,
} from '../../../contracts/api/order-ops.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { placeOf } from '../../../dispatch/geometry.ts';
import type { Database } from '../../../platform/database.ts';
import { type Call, requireUser } from '../../../platform/service.ts';
import { timeText } from '../../../platform/times.ts';
import * as queries from './queries.ts';

function targetOf({ customer, place, phone }: Block): Pick<queries.BlockedRow, 'kind' | 'value'> {
  const given = [customer, place, phone].filter((each) => each !== undefined);
  if (given.length !== 1) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '', expected: 'exactly one of customer, place and phone' },
    ]);
  }
  if (customer !== undefined) return { kind: 'customer', value: customer };
  if (phone !== undefined) return { kind: 'phone', value: phone };
  const { lat = 0, lon = 0 } = place ?? {};
  return { kind: 'address', value: String(placeOf(lat, lon).cell) };
}

export async function block(
  database: Database,
  params: Block,
  call: Call,
  nowMs: number,
): Promise<Blocked> {
  const target = targetOf(params);
  const row = { ...target, reason: params.reason, set_by: requireUser(call).sub, set_ms: nowMs };
  await queries.block(database.knex, row);
  return view(row);
}

export async function unblock(database: Database, { kind, value }: BlockedRef): Promise<void> {
  if (!(await queries.unblock(database.knex, kind, value))) {
    throw new WaggleError('resource.not_found');
  }
}

export async function list(database: Database, params: WaitingQuery): Promise<BlockedList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const rows = await queries.listBlocked(database.knex, positionOf(params.cursor), limit + 1);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    items: page.map(view),
    next: hasMore ? Buffer.from(`${last.kind} ${last.value}`).toString('base64url') : null,
  };
}

function positionOf(cursor: string | undefined): readonly [string, string] | undefined {
  if (cursor === undefined) return undefined;
  const [kind, value, ...rest] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (kind !== undefined && value !== undefined && rest.length === 0) return [kind, value];
  throw new WaggleError('request.invalid', undefined, [
    { field: '/cursor', expected: 'the `next` of an earlier page' },
  ]);
}

function view(row: queries.BlockedRow): Blocked {
  const { kind, value, reason, set_by: by, set_ms: setMs } = row;
  return { kind, value, reason, by, at: timeText(setMs) };
}
