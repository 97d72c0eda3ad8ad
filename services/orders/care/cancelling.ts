/** Calling orders off: asks the saga, and waits a moment for what the delivery's log decides. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Order, OrderCancel } from '../../../contracts/api/orders.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import type { Database } from '../../../platform/database.ts';
import type { Call, Caller } from '../../../platform/service.ts';
import { find, get } from '../orders.ts';
import { findSaga, lockSagas } from '../saga/saga-rows.ts';
import type { Actor, Saga } from '../saga/saga-state.ts';
import { handle, type SagaWorld } from '../saga/saga-store.ts';
import { BLAME, CANCEL_RULES, type Canceller, chargeOf } from './cancellation.ts';

/** How long a cancel waits before it answers "on its way", and between two looks; host ms. */
const CONFIRM_WAIT_MS = 2_000;
const CONFIRM_LOOK_MS = 30;

export interface CancelDeps {
  readonly database: Database;
  readonly world: () => Promise<SagaWorld>;
  readonly wakeRelay: () => void;
}

/** A key cancels as the vendor whose it is. */
function cancellerOf(caller: Caller): Canceller {
  if (caller.kind === 'api_key') return 'vendor';
  if (caller.kind !== 'user') return 'ops';
  return caller.role === 'driver' ? 'ops' : caller.role;
}

/** Who is calling, as it stands in an order's history. */
export function actorOf(caller: Caller): Actor {
  if (caller.kind === 'user') return { kind: caller.role, id: caller.sub };
  if (caller.kind === 'api_key') return { kind: 'vendor', id: caller.sub };
  return { kind: 'platform', id: caller.kind };
}

/**
 * Cancels by the rules of `cancellation.ts`. 200 once it is certain, 202 while the delivery is being
 * called off; throws `delivery.past_pickup` when the parcel has left.
 */
export async function cancel(deps: CancelDeps, params: OrderCancel, call: Call): Promise<Order> {
  await find(deps.database, params.id, call);
  const canceller = cancellerOf(call.caller);
  const world = await deps.world();
  const asked = await deps.database.transaction(async (trx) => {
    const locked = await lockSagas(trx, [params.id], world.memory);
    const [found] = locked;
    if (found === undefined) throw new WaggleError('resource.conflict');
    const { saga, terms } = found;
    if (saga.state === 'cancelled' || saga.step === 'calling_off') return saga;
    const rule = CANCEL_RULES[saga.state][canceller];
    if (rule === null) throw tooLate(saga);
    const told = await handle(trx, world, locked, [
      {
        order: params.id,
        input: {
          type: 'cancel.asked',
          actor: actorOf(call.caller),
          ...BLAME[canceller],
          chargeMinor: chargeOf(rule.keeps, terms),
          keepsStock: rule.keepsStock,
          reason: params.reason,
        },
      },
    ]);
    return told.get(params.id) ?? saga;
  });
  deps.wakeRelay();
  const saga = asked.step === 'calling_off' ? await settle(deps, params.id, asked) : asked;
  if (saga.step === 'calling_off') call.setStatus(202);
  else if (saga.state !== 'cancelled') throw tooLate(saga);
  return get(deps.database, params.id, call);
}

function tooLate({ state }: Saga): WaggleError {
  return new WaggleError(state === 'on_the_way' ? 'delivery.past_pickup' : 'order.ended');
}

async function settle({ database }: CancelDeps, order: string, asked: Saga): Promise<Saga> {
  const deadline = Date.now() + CONFIRM_WAIT_MS;
  for (let saga = asked; ; ) {
    if (saga.step !== 'calling_off' || Date.now() >= deadline) return saga;
    await delay(CONFIRM_LOOK_MS);
    saga = (await findSaga(database.knex, order)) ?? saga;
  }
}
