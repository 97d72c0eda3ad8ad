/**
 * What other services ask of deliveries by stream (`requests:deliveries`): one wanted, one called
 * off, a better ready time. Once per entry; a batch takes a fixed number of statements. Whoever asks
 * for what has ended, or can no longer be changed, is told again how the delivery stands.
 */
import type { DeliveryCommand } from '../../contracts/commands.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import type {
  DeliveryAsked,
  DeliveryReadyAt,
  DeliveryUnwanted,
} from '../../contracts/messages/deliveries.ts';
import { isAboard, isEnded } from '../../contracts/states.ts';
import type { Transaction } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';
import { announceRows, createAll, creationOf, type DeliveriesDeps } from './creation.ts';
import * as queries from './creation-queries.ts';
import type { DeliveryRow } from './rows.ts';

type Steer = DeliveryUnwanted | DeliveryReadyAt;

interface Steered {
  readonly event: Steer;
  readonly correlation: string;
}

/** Handles a batch in its transaction; the commit wakes the relay. */
export async function follow(
  deps: DeliveriesDeps,
  trx: Transaction,
  entries: readonly EventEntry<DeliveryAsked>[],
): Promise<void> {
  const wanted = entries.flatMap(({ id, correlation, event }) =>
    event.type === 'delivery.wanted' ? [creationOf(event, correlation ?? id)] : [],
  );
  const steered = entries.flatMap(({ id, correlation, event }) =>
    event.type === 'delivery.wanted' ? [] : [{ event, correlation: correlation ?? id }],
  );
  await createAll(deps, trx, wanted);
  if (steered.length > 0) await steerAll(deps, trx, steered);
}

async function steerAll(
  deps: DeliveriesDeps,
  trx: Transaction,
  steered: readonly Steered[],
): Promise<void> {
  const ids = [...new Set(steered.map(({ event }) => event.id))];
  const rows = await queries.lockDeliveries(trx, ids);
  const nowMs = Math.round((await deps.door()).clock.zoneMs());
  await queries.insertUnwanted(trx, strangers(steered, rows), nowMs);
  const calledOff = steered.flatMap(({ event }) =>
    event.type === 'delivery.unwanted' ? [event.id] : [],
  );
  const cancelled = await queries.cancelsUnderWay(trx, calledOff);
  await queries.addCommands(trx, commandsOf(steered, rows, cancelled));
  const late = calledOff.flatMap((id) => rows.get(id) ?? []).filter(isTooLate);
  await announceRows(trx, late);
}

/** Called off before they were asked for: remembered, so that the request is too late. */
function strangers(
  steered: readonly Steered[],
  rows: ReadonlyMap<DeliveryId, DeliveryRow>,
): queries.Unwanted[] {
  return steered.flatMap(({ event }) => {
    if (event.type !== 'delivery.unwanted' || rows.has(event.id)) return [];
    return [{ delivery: event.id, code: event.code, fault: event.fault }];
  });
}

function isTooLate({ state }: Pick<DeliveryRow, 'state'>): boolean {
  return isEnded(state) || isAboard(state);
}

/**
 * The commands that follow for each delivery, in the order they were asked for. Of several ready
 * times the last is enough; after a cancel there is nothing left to say. Pure.
 */
export function commandsOf(
  steered: readonly Steered[],
  rows: ReadonlyMap<DeliveryId, Pick<DeliveryRow, 'state' | 'zone' | 'shard' | 'last_command'>>,
  cancelled: ReadonlySet<DeliveryId>,
): queries.NewCommand[] {
  const next = new Map<DeliveryId, { ready?: Steered; cancel?: Steered }>();
  for (const each of steered) {
    const row = rows.get(each.event.id);
    if (row === undefined || isTooLate(row) || cancelled.has(each.event.id)) continue;
    const known = next.get(each.event.id) ?? {};
    if (known.cancel !== undefined) continue;
    const kind = each.event.type === 'delivery.unwanted' ? 'cancel' : 'ready';
    next.set(each.event.id, { ...known, [kind]: each });
  }
  return [...next].flatMap(([delivery, { ready, cancel }]) => {
    const row = rows.get(delivery);
    if (row === undefined) return [];
    return [ready, cancel].filter(isThere).map(({ event, correlation }, index) => {
      const number = row.last_command + 1 + index;
      const { zone, shard } = row;
      return { delivery, number, zone, shard, command: commandOf(event, number), correlation };
    });
  });
}

function isThere(steered: Steered | undefined): steered is Steered {
  return steered !== undefined;
}

function commandOf(event: Steer, number: number): DeliveryCommand {
  if (event.type === 'delivery.unwanted') {
    const { id: delivery, code, fault } = event;
    return { type: 'delivery.cancel', number, delivery, code, fault };
  }
  const { id: delivery, readyMs } = event;
  return { type: 'delivery.ready', number, delivery, readyMs, readySource: 'kitchen' };
}
