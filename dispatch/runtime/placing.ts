/** Turns the core's effects into what goes out: the log position of the commit is filled in. */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { GatewayPush, LogPosition, TrackMessage } from '../../contracts/push.ts';
import type { Effect } from '../core/input.ts';
import type { RecordedEvent } from './log-record.ts';
import type { Outgoing } from './ports.ts';

export function placeEffect(effect: Effect, position: LogPosition): Outgoing {
  const { epoch, seq } = position;
  switch (effect.kind) {
    case 'push': {
      const push: GatewayPush = { ...effect.push, epoch, seq };
      return { kind: 'push', gateway: effect.gateway, push };
    }
    case 'track': {
      const message: TrackMessage = { ...effect.message, epoch, seq };
      return { kind: 'track', delivery: effect.delivery, message };
    }
    case 'send':
    case 'directory':
      return effect;
  }
}

/** Events by zone, in order. */
export function eventsByZone(events: readonly RecordedEvent[]): Map<ZoneId, ZoneEvent[]> {
  const zones = new Map<ZoneId, ZoneEvent[]>();
  for (const { zone, event } of events) {
    const list = zones.get(zone);
    if (list) list.push(event);
    else zones.set(zone, [event]);
  }
  return zones;
}
