/** What may be done to a delivery on its way: cancel, ready times, and what ops does by hand. */
import { setTimeout as delay } from 'node:timers/promises';
import type {
  DeliveryCancel,
  DeliveryCancelled,
  DeliveryOps,
  DeliveryReady,
} from '../../contracts/api/deliveries.ts';
import type { OpsCommand } from '../../contracts/commands.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type DeliveryId, newId } from '../../contracts/ids.ts';
import type { RefusalReason } from '../../contracts/refusals.ts';
import { type EndCode, type Fault, isAboard, isEnded } from '../../contracts/states.ts';
import { type Call, type Caller, requireUser } from '../../platform/service.ts';
import { parseTime } from '../../platform/times.ts';
import { checkSees } from './access.ts';
import type { DeliveriesDeps } from './creation.ts';
import * as queries from './queries.ts';
import type { CommandRow, DeliveryRow } from './rows.ts';

/** How long a cancel waits for the log before it answers "on its way", wall ms. */
const CONFIRM_WAIT_MS = 2_000;
const CONFIRM_LOOK_MS = 40;

interface Blame {
  readonly code: EndCode;
  readonly fault: Fault;
}

/** Who cancels decides who is to blame. */
function blameOf(caller: Caller): Blame {
  if (caller.kind === 'user' && caller.role === 'ops') {
    return { code: 'cancelled_by_ops', fault: 'platform' };
  }
  if (caller.kind === 'user' && caller.role === 'vendor') {
    return { code: 'cancelled_by_vendor', fault: 'vendor' };
  }
  return { code: 'cancelled_by_account', fault: 'account' };
}

export async function cancel(
  deps: DeliveriesDeps,
  params: DeliveryCancel,
  call: Call,
): Promise<DeliveryCancelled> {
  const row = await queries.deliveryById(deps.database.knex, params.id);
  checkSees(call.caller, row);
  return cancelAs(deps, params.id, blameOf(call.caller), call);
}

async function cancelAs(
  deps: DeliveriesDeps,
  id: DeliveryId,
  { code, fault }: Blame,
  call: Call,
): Promise<DeliveryCancelled> {
  const number = await deps.database.transaction(async (trx) => {
    const row = await queries.lockDelivery(trx, id);
    if (row === undefined) throw new WaggleError('resource.not_found');
    if (row.state === 'cancelled') return undefined;
    refuseWhenTooLate(row);
    const earlier = await queries.lastCancel(trx, id);
    if (earlier !== undefined && earlier.state !== 'refused') return earlier.number;
    return queries.addCommand(
      trx,
      id,
      (n) => ({ type: 'delivery.cancel', number: n, delivery: id, code, fault }),
      call.correlationId,
    );
  });
  if (number === undefined) return { id, state: 'cancelled', confirmed: true };
  deps.wakeRelay();
  const answer = await waitForAnswer(deps, id, number);
  if (answer.state === 'confirmed') return { id, state: 'cancelled', confirmed: true };
  const row = await queries.deliveryById(deps.database.knex, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  if (answer.state === 'refused') {
    if (row.state === 'cancelled') return { id, state: row.state, confirmed: true };
    throw refusalError(answer.refusal as RefusalReason);
  }
  call.setStatus(202);
  return { id, state: row.state, confirmed: false };
}

function refuseWhenTooLate(row: DeliveryRow): void {
  if (isEnded(row.state)) throw new WaggleError('delivery.ended');
  if (isAboard(row.state)) throw new WaggleError('delivery.past_pickup');
}

function refusalError(refusal: RefusalReason): WaggleError {
  if (refusal === 'past_pickup') return new WaggleError('delivery.past_pickup');
  if (refusal === 'already_ended') return new WaggleError('delivery.ended');
  return new WaggleError('resource.conflict', `the zone refused: ${refusal}`);
}

async function waitForAnswer(
  deps: DeliveriesDeps,
  id: DeliveryId,
  number: number,
): Promise<CommandRow> {
  const deadline = Date.now() + CONFIRM_WAIT_MS;
  for (;;) {
    const command = await queries.commandOf(deps.database.knex, id, number);
    if (command === undefined) throw new WaggleError('internal');
    if (command.state !== 'waiting' || Date.now() >= deadline) return command;
    await delay(CONFIRM_LOOK_MS);
  }
}

/** Tells the engine a better ready time. */
export async function ready(
  deps: DeliveriesDeps,
  params: DeliveryReady,
  call: Call,
): Promise<DeliveryRow> {
  const door = await deps.door();
  const readyMs =
    params.readyAt === undefined
      ? Math.round(door.clock.zoneMs())
      : parseTime(params.readyAt, '/readyAt');
  const row = await deps.database.transaction(async (trx) => {
    const found = checkSees(call.caller, await queries.lockDelivery(trx, params.id));
    refuseWhenTooLate(found);
    await queries.addCommand(
      trx,
      found.id,
      (number) => ({
        type: 'delivery.ready',
        number,
        delivery: found.id,
        readyMs,
        readySource: 'kitchen',
      }),
      call.correlationId,
    );
    return found;
  });
  deps.wakeRelay();
  return row;
}

type Verb = Extract<OpsCommand, { type: 'delivery.ops' }>['verb'];

function verbOf(params: DeliveryOps): Verb {
  const missing = (field: string): WaggleError =>
    new WaggleError('request.invalid', undefined, [
      { field: `/${field}`, expected: `given for ${params.verb}` },
    ]);
  switch (params.verb) {
    case 'assign':
      if (params.driver === undefined) throw missing('driver');
      return { kind: 'assign', driver: params.driver };
    case 'picked_up':
      return params.driver === undefined
        ? { kind: 'picked_up' }
        : { kind: 'picked_up', driver: params.driver };
    case 'fail':
      if (params.code === undefined) throw missing('code');
      if (params.fault === undefined) throw missing('fault');
      return { kind: 'fail', code: params.code, fault: params.fault };
    default:
      return { kind: params.verb };
  }
}

/** Sends what ops wants to the zone. Who and why stand in the log, and from there in the audit. */
export async function ops(
  deps: DeliveriesDeps,
  params: DeliveryOps,
  call: Call,
): Promise<{ request: string }> {
  const actor = requireUser(call).sub;
  const verb = verbOf(params);
  const row = checkSees(call.caller, await queries.deliveryById(deps.database.knex, params.id));
  if (isEnded(row.state)) throw new WaggleError('delivery.ended');
  const request = newId('control');
  const door = await deps.door();
  const outcome = await door.append({
    zone: row.zone,
    command: {
      type: 'delivery.ops',
      request,
      actor,
      reason: params.reason,
      delivery: row.id,
      verb,
    },
    correlation: call.correlationId,
  });
  if (outcome === 'full') throw new WaggleError('shard.overloaded');
  return { request };
}
