/** Actions around an order's saga: its history, refunds, reviews, and who may not order. */
import type { ServiceSchema } from 'moleculer';
import * as ops from '../../../contracts/api/order-ops.ts';
import * as schemas from '../../../contracts/api/orders.ts';
import type { createActionBuilder } from '../../../platform/service.ts';
import * as blocking from '../fraud/blocking.ts';
import type { CancelDeps } from './cancelling.ts';
import * as care from './care.ts';

/** History, refunds, reviews, and who may not order. */
export function careActions(
  action: ReturnType<typeof createActionBuilder>,
  deps: CancelDeps,
): NonNullable<ServiceSchema['actions']> {
  const { database } = deps;
  return {
    events: action<schemas.OrderRef, ops.OrderEvents>({
      params: schemas.ORDER_REF,
      handler: ({ id }, call) => care.events(deps, id, call),
    }),
    refund: action<ops.RefundAsk, ops.Refund>({
      params: ops.REFUND_ASK,
      handler: (params, call) => care.refund(deps, params, call),
    }),
    waiting: action<ops.WaitingQuery, ops.WaitingList>({
      params: ops.WAITING_QUERY,
      handler: (params) => care.waiting(deps, params),
    }),
    review: action<ops.Review, void>({
      params: ops.REVIEW,
      handler: (params, call) => care.review(deps, params, call),
    }),
    listBlocked: action<ops.WaitingQuery, ops.BlockedList>({
      params: ops.WAITING_QUERY,
      handler: (params) => blocking.list(database, params),
    }),
    block: action<ops.Block, ops.Blocked>({
      params: ops.BLOCK,
      handler: async (params, call) =>
        blocking.block(database, params, call, (await deps.world()).nowMs),
    }),
    unblock: action<ops.BlockedRef, void>({
      params: ops.BLOCKED_REF,
      handler: (params) => blocking.unblock(database, params),
    }),
  };
}
