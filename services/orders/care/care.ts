/** What people see and do about an order's saga: its history, refunds, and reviews by ops. */
import { PAGE_LIMIT_DEFAULT } from '../../../contracts/api/common.ts';
import {
  ORDER_EVENTS_MAX,
  type OrderEvents,
  type Refund,
  type RefundAsk,
  type Review,
  type WaitingList,
  type WaitingQuery,
} from '../../../contracts/api/order-ops.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import { newId } from '../../../contracts/ids.ts';
import { idempotent } from '../../../platform/idempotency.ts';
import { decodeCursor, pageOf } from '../../../platform/paging.ts';
import { type Call, requireUser, seesAll } from '../../../platform/service.ts';
import { timeText } from '../../../platform/times.ts';
import { find } from '../orders.ts';
import { findSaga } from '../saga/saga-rows.ts';
import { tell } from '../saga/saga-store.ts';
import { actorOf, type CancelDeps } from './cancelling.ts';
import * as queries from './care-queries.ts';

/** The history of an order. What the rules found, and where it stands inside, is for ops. */
export async function events(deps: CancelDeps, id: string, call: Call): Promise<OrderEvents> {
  await find(deps.database, id, call);
  const rows = await queries.eventsOf(deps.database.knex, id, ORDER_EVENTS_MAX);
  const saga = await findSaga(deps.database.knex, id);
  const isOps = seesAll(call.caller);
  return {
    step: saga?.step ?? 'done',
    items: rows.map(({ type, actor_kind: actorKind, actor, at_ms: atMs, data }) => ({
      ...{ type, actorKind, actor, at: timeText(atMs) },
      data: isOps || type !== 'checked' ? data : {},
    })),
  };
}

/** Asks for a refund, once per Idempotency-Key; the saga repeats it until it is confirmed. */
export async function refund(deps: CancelDeps, params: RefundAsk, call: Call): Promise<Refund> {
  const row = await find(deps.database, params.id, call);
  const owner = requireUser(call).sub;
  const world = await deps.world();
  const { answer } = await idempotent(
    deps.database,
    { owner, key: call.idempotencyKey, request: params },
    async (trx) => {
      const refundId = newId('refund');
      const { amountMinor, reason } = params;
      const told = await tell(trx, world, [
        {
          order: row.id,
          input: {
            type: 'refund.asked',
            ...{ refund: refundId, amountMinor, reason },
            actor: actorOf(call.caller),
          },
        },
      ]);
      if (told.get(row.id)?.refunds[refundId] === undefined) {
        throw new WaggleError('refund.not_possible');
      }
      return { id: refundId, order: row.id, amountMinor, currency: row.currency, reason };
    },
  );
  deps.wakeRelay();
  return answer;
}

/** What the rules left to people, oldest first. */
export async function waiting(deps: CancelDeps, params: WaitingQuery): Promise<WaitingList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const after = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const page = pageOf(await queries.waitingOrders(deps.database.knex, after, limit + 1), limit);
  return {
    items: page.rows.map((row) => ({
      id: row.id,
      customer: row.customer,
      vendor: row.vendor,
      totalMinor: row.total_minor,
      currency: row.currency,
      dropoff: { lat: row.dropoff_lat_e7 / 1e7, lon: row.dropoff_lon_e7 / 1e7 },
      placedAt: timeText(row.placed_ms),
      until: timeText(row.due_ms),
      score: row.data.score,
      findings: [...row.data.findings],
    })),
    next: page.next,
  };
}

/** Lets an order pass, or refuses it. */
export async function review(deps: CancelDeps, params: Review, call: Call): Promise<void> {
  const world = await deps.world();
  await deps.database.transaction(async (trx) => {
    const before = await findSaga(trx, params.id);
    if (before === undefined) throw new WaggleError('resource.not_found');
    if (before.step !== 'reviewing') throw new WaggleError('resource.conflict');
    const actor = actorOf(call.caller);
    const input = { type: 'reviewed', approved: params.approve, actor } as const;
    await tell(trx, world, [{ order: params.id, input }]);
  });
  deps.wakeRelay();
}
