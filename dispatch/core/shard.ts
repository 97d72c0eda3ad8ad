/**
 * A shard's zones, and the step over them. `stepShard` decides and applies; `applyShard` only
 * applies, for recovery. Both leave the same state behind for the same events.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import { applyEvent } from './apply.ts';
import { decideDelivery } from './commands/delivery-commands.ts';
import { decideDriver } from './commands/driver-commands.ts';
import { decideOps } from './commands/ops-commands.ts';
import { decideTransfer } from './commands/transfers.ts';
import { Decision } from './decision.ts';
import { reviewExceptions } from './exceptions/raising.ts';
import { decideStalled } from './exceptions/stall.ts';
import type { ZoneInput } from './input.ts';
import { decideRound } from './matching/round.ts';
import { decideSilence, decideTimer } from './time.ts';
import { decideTravel } from './travel/routed-travel.ts';
import { Zone } from './zone.ts';

export class Shard {
  readonly shard: number;
  readonly zones = new Map<ZoneId, Zone>();

  constructor(shard: number) {
    this.shard = shard;
  }
}

/**
 * Takes one input in at zone time `atMs`. Returns the events, already applied. Throws only when an
 * invariant is broken: then the state in memory is void and must be restored.
 */
export function stepShard(shard: Shard, id: ZoneId, input: ZoneInput, atMs: number): ZoneEvent[] {
  const zone = shard.zones.get(id);
  if (!zone) return openZone(shard, id, input);
  const step = new Decision(zone, atMs);
  switch (input.kind) {
    case 'timer':
      decideTimer(step);
      break;
    case 'round':
      decideRound(step, input);
      break;
    case 'silence':
      decideSilence(step, input);
      break;
    case 'stalled':
      decideStalled(step, input);
      break;
    case 'travel':
      decideTravel(step, input);
      break;
    case 'quarantined':
      step.emit(setAside(input));
      break;
    case 'command':
      decideCommand(step, input);
  }
  reviewExceptions(step);
  return step.events;
}

function decideCommand(step: Decision, input: Extract<ZoneInput, { kind: 'command' }>): void {
  const { command } = input;
  switch (command.type) {
    case 'delivery.request':
    case 'delivery.cancel':
    case 'delivery.ready':
      return decideDelivery(step, command);
    case 'driver.connected':
    case 'driver.disconnected':
    case 'driver.acted':
    case 'driver.seen':
    case 'driver.strayed':
      return decideDriver(step, command);
    case 'zone.open':
    case 'zone.control':
    case 'zone.redispatch':
    case 'delivery.ops':
      return decideOps(step, command);
    case 'transfer.offered':
    case 'transfer.taken':
    case 'transfer.refused':
      return decideTransfer(step, command);
  }
}

function setAside({
  entry,
  error,
  envelope,
}: Extract<ZoneInput, { kind: 'quarantined' }>): ZoneEvent {
  const event = { type: 'input.quarantined', entry, error } as const;
  return envelope === undefined ? event : { ...event, envelope };
}

/** A zone that is not open here takes nothing but its opening; requests are refused with the reason. */
function openZone(shard: Shard, id: ZoneId, input: ZoneInput): ZoneEvent[] {
  if (input.kind !== 'command') return [];
  const { command } = input;
  if (command.type === 'zone.open' && command.config.id === id) {
    shard.zones.set(id, new Zone(command.config));
    return [{ type: 'zone.opened', config: command.config }];
  }
  if (command.type === 'delivery.request') {
    const { number, request } = command;
    return [{ type: 'delivery.refused', delivery: request.id, number, reason: 'zone_unknown' }];
  }
  if ('presence' in command && command.presence && 'driver' in command) {
    if (typeof command.driver !== 'string') return [];
    return [{ type: 'driver.unknown', driver: command.driver, presence: command.presence }];
  }
  if (command.type === 'transfer.offered') {
    const { profile } = command.driver;
    const { from, transfer } = command;
    return [
      { type: 'transfer.answered', driver: profile.driver, to: from, transfer, taken: false },
    ];
  }
  return [];
}

/** Applies a committed event. `atMs`: the zone time of its log record. */
export function applyShard(shard: Shard, id: ZoneId, event: ZoneEvent, atMs: number): void {
  const zone = shard.zones.get(id);
  if (zone) return applyEvent(zone, event, atMs);
  if (event.type === 'zone.opened') shard.zones.set(id, new Zone(event.config));
}

/** Zone time at which a `timer` input has something to do; Infinity when nothing is planned. */
export function dueMs(shard: Shard, id: ZoneId): number {
  return shard.zones.get(id)?.agenda.nextMs ?? Number.POSITIVE_INFINITY;
}
