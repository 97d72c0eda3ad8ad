/**
 * A toy behind the engine's interface: counts deliveries exactly once. Small enough to see at a
 * glance what a runtime test must find. A cancel with code `damaged` throws after half a change, as
 * a bug would; a `delivery.ready` schedules a timer.
 */
import type { ZoneCommand } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import { hash32 } from '../../contracts/ids.ts';
import type { ZoneInput } from '../../dispatch/core/input.ts';
import type { Engine } from '../../dispatch/runtime/engine.ts';

export interface ToyZone {
  /** Delivery → times it took effect. */
  readonly seen: Map<string, number>;
  dueMs: number;
  timers: number;
  quarantined: number;
}
export type ToyShard = Map<ZoneId, ToyZone>;

function zoneOf(shard: ToyShard, zone: ZoneId): ToyZone {
  let state = shard.get(zone);
  if (!state) {
    state = { seen: new Map(), dueMs: Number.POSITIVE_INFINITY, timers: 0, quarantined: 0 };
    shard.set(zone, state);
  }
  return state;
}

function toText(shard: ToyShard): string {
  const rows = [...shard].map(([zone, state]) => [
    zone,
    [...state.seen],
    Number.isFinite(state.dueMs) ? state.dueMs : null,
    state.timers,
    state.quarantined,
  ]);
  return JSON.stringify(rows);
}

function fromText(text: string): ToyShard {
  const rows = JSON.parse(text) as [string, [string, number][], number | null, number, number][];
  return new Map(
    rows.map(([zone, seen, due, timers, quarantined]) => [
      zone,
      { seen: new Map(seen), dueMs: due ?? Number.POSITIVE_INFINITY, timers, quarantined },
    ]),
  );
}

function decideCommand(state: ToyZone, command: ZoneCommand): ZoneEvent[] {
  if (command.type === 'delivery.request') {
    const { id } = command.request;
    if (state.seen.has(id)) return [];
    return [{ type: 'delivery.confirmed', delivery: id, number: command.number }];
  }
  if (command.type === 'delivery.cancel' && command.code === 'damaged') {
    state.seen.set('half-done', 1);
    throw new Error('a bug in the step');
  }
  if (command.type === 'delivery.ready') {
    const { delivery, readyMs, readySource } = command;
    return [{ type: 'delivery.ready', delivery, readyMs, readySource }];
  }
  return [];
}

function decide(state: ToyZone, input: ZoneInput): ZoneEvent[] {
  if (input.kind === 'command') return decideCommand(state, input.command);
  if (input.kind === 'timer') return [{ type: 'tombstones.dropped', count: 1 }];
  if (input.kind !== 'quarantined') return [];
  return [{ type: 'input.quarantined', entry: input.entry, error: input.error }];
}

function apply(shard: ToyShard, zone: ZoneId, event: ZoneEvent): void {
  const state = zoneOf(shard, zone);
  if (event.type === 'delivery.confirmed') {
    state.seen.set(event.delivery, (state.seen.get(event.delivery) ?? 0) + 1);
  } else if (event.type === 'delivery.ready') state.dueMs = event.readyMs;
  else if (event.type === 'tombstones.dropped') {
    state.timers++;
    state.dueMs = Number.POSITIVE_INFINITY;
  } else if (event.type === 'input.quarantined') state.quarantined++;
}

export const toyEngine: Engine<ToyShard, string> = {
  create: () => new Map(),
  version: 'toy',
  zoneIds: (shard) => shard.keys(),
  roundMs: () => 1_000,
  weightsVersion: () => 1,
  step: (shard, zone, input) => {
    const events = decide(zoneOf(shard, zone), input);
    for (const event of events) apply(shard, zone, event);
    return events;
  },
  apply,
  effects: () => [],
  recoveryEffects: () => [],
  dueMs: (shard, zone) => shard.get(zone)?.dueMs ?? Number.POSITIVE_INFINITY,
  copy: toText,
  *encode(copy) {
    for (let at = 0; at < copy.length; at += 512) yield copy.slice(at, at + 512);
  },
  decode: (chunks) => fromText([...chunks].join('')),
  hash: (shard) => hash32(toText(shard)),
  check: () => [],
  stats: (shard, zone) => ({
    drivers: 0,
    idle: 0,
    open: shard.get(zone)?.seen.size ?? 0,
    oldestUnassignedMs: null,
    idleSpreadMs: 0,
    etas: [],
  }),
  routeWants: () => [],
  index: () => ({
    position: () => 'indexed',
    sync: () => {},
    shortlist: () => ({ kind: 'round', fixes: [], candidates: [] }),
    silence: () => null,
    stalled: () => null,
    tracked: () => [],
    pictures: () => [],
  }),
};
