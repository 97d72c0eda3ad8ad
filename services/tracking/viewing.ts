/** What the holder of a signed link may see, and stored traces for those who own the delivery. */
import type { DeliveryDetail } from '../../contracts/api/deliveries.ts';
import type { Trace, TrackView } from '../../contracts/api/tracking.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import type { DeliveryState } from '../../contracts/states.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Tokens } from '../../platform/auth/tokens.ts';
import type { Database } from '../../platform/database.ts';
import { etaTimes } from '../../platform/eta-times.ts';
import type { Call } from '../../platform/service.ts';
import { timeText } from '../../platform/times.ts';
import { collect } from './archive.ts';
import * as queries from './queries.ts';
import { decodeTrace, type TimedPoint } from './trace-codec.ts';

export interface TrackingDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly tokens: Tokens;
  readonly gatewayUrl: string;
}

/** A customer sees the driver only while it works on their delivery. */
const DRIVER_SHOWN: readonly DeliveryState[] = [
  'assigned',
  'at_pickup',
  'picked_up',
  'at_dropoff',
  'returning',
];

/** The state and the last position, by signed link. */
export async function view(deps: TrackingDeps, token: string, call: Call): Promise<TrackView> {
  const claims = await deps.tokens.verifyToken(token);
  if (claims.scope !== 'track' || claims.delivery === undefined) {
    throw new WaggleError('auth.invalid');
  }
  const door = await deps.door();
  const [delivery, last] = await Promise.all([
    call.call<DeliveryDetail>('deliveries.get', { id: claims.delivery }, { kind: 'system' }),
    door.lastTrack(claims.delivery),
  ]);
  // The engine's own word is newer than the projection.
  const state = last.status?.state ?? delivery.state;
  const { pin } = delivery.proof?.pin ? await askPin(claims.delivery, call) : NO_PIN;
  const position = DRIVER_SHOWN.includes(state) ? last.position : null;
  return {
    delivery: claims.delivery,
    state,
    promiseAt: last.status ? timeText(last.status.promiseMs) : delivery.promiseAt,
    ...etaTimes({ status: last.status, position }),
    pickup: delivery.pickup,
    dropoff: delivery.dropoff,
    position: position && { lat: position.latE7 / 1e7, lon: position.lonE7 / 1e7 },
    positionAt: position && timeText(position.fixMs),
    reason: last.status?.reason ?? delivery.reason,
    proof: delivery.proof,
    pin,
    gatewayUrl: deps.gatewayUrl,
  };
}

const NO_PIN = { pin: null } as const;

/** The link is the customer's: here, and in their order, they read what they say to the driver. */
function askPin(id: DeliveryId, call: Call): Promise<{ readonly pin: string | null }> {
  return call.call('deliveries.pin', { id }, { kind: 'system' });
}

/** The stored trace; of a delivery on its way what there is so far. */
export async function trace(deps: TrackingDeps, id: DeliveryId, call: Call): Promise<Trace> {
  // Ownership is the deliveries service's to judge: it answers "not found" for foreign ones.
  await call.call<DeliveryDetail>('deliveries.get', { id });
  const stored = await queries.traceOf(deps.database.knex, id);
  const points: TimedPoint[] =
    stored === undefined
      ? await collect(deps.database.knex, id, Date.now())
      : decodeTrace(stored.data);
  return {
    delivery: id,
    points: points.map(({ atMs, latE7, lonE7 }) => ({
      at: timeText(atMs),
      lat: latE7 / 1e7,
      lon: lonE7 / 1e7,
    })),
  };
}
