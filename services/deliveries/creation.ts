/** Asking for a delivery: by shops through the API, by orders from inside. */
import type { DeliveryCreate, DeliveryCreated } from '../../contracts/api/deliveries.ts';
import type { DeliveryRequest } from '../../contracts/commands.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type AccountId, type DeliveryId, newId, type UserId } from '../../contracts/ids.ts';
import type { DeliveryWanted } from '../../contracts/messages/deliveries.ts';
import type { Load, Undeliverable } from '../../contracts/states.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Tokens } from '../../platform/auth/tokens.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import { uniqueViolation } from '../../platform/database-errors.ts';
import { type Call, requireSystem } from '../../platform/service.ts';
import { parseTime } from '../../platform/times.ts';
import * as queries from './queries.ts';
import { type DeliveryRow, deliveryView } from './rows.ts';

export interface DeliveriesDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly signer: Tokens;
  readonly trackingLinkMs: number;
  /** How the API is reached from outside. */
  readonly publicUrl: string;
  readonly wakeRelay: () => void;
}

/** What one meal usually is, for requests that do not say. */
const USUAL_LOAD: Load = { parcels: 1, volumeMl: 12_000, weightG: 2_500 };
const IF_UNDELIVERABLE: Undeliverable = 'return';
const READY_DEFAULT_MS = 600_000;

interface Point {
  readonly lat: number;
  readonly lon: number;
}

/** What `orders` asks for. Idempotent by external id; writes in the caller's transaction. */
export async function createWanted(
  deps: DeliveriesDeps,
  trx: Transaction,
  wanted: DeliveryWanted,
  correlation: string,
): Promise<void> {
  await write(deps, trx, creationOf(wanted), correlation);
}

function creationOf(wanted: DeliveryWanted): Creation {
  return {
    ...wanted,
    request: {
      load: USUAL_LOAD,
      ifUndeliverable: IF_UNDELIVERABLE,
      placedMs: wanted.placedMs,
      readyMs: wanted.readyMs,
      readySource: 'promised',
      vendor: wanted.vendor,
    },
  };
}

const POINT = { type: 'object', required: ['lat', 'lon'] } as const;
export const INTERNAL_CREATE = {
  type: 'object',
  required: ['id', 'account', 'externalId', 'customer', 'pickup', 'dropoff', 'placedMs', 'readyMs'],
  properties: { pickup: POINT, dropoff: POINT },
} as const;

/** The same by call, for a cancel that must not overtake the request it cancels. */
export async function createForOrder(
  deps: DeliveriesDeps,
  params: DeliveryWanted,
  call: Call,
): Promise<{ id: DeliveryId }> {
  requireSystem(call);
  const row = await create(deps, creationOf(params), call);
  return { id: row.id };
}

/** For shops with their own orders. */
export async function request(
  deps: DeliveriesDeps,
  params: DeliveryCreate,
  call: Call,
): Promise<DeliveryCreated> {
  const { caller } = call;
  if (caller.kind !== 'user' && caller.kind !== 'api_key') throw new WaggleError('auth.forbidden');
  const isOps = caller.kind === 'user' && caller.role === 'ops';
  if (params.account !== undefined && !isOps && params.account !== caller.account) {
    throw new WaggleError('auth.forbidden');
  }
  const nowMs = Math.round((await deps.door()).clock.zoneMs());
  const row = await create(
    deps,
    {
      id: newId('delivery'),
      account: params.account ?? caller.account,
      externalId: params.externalId,
      customer: null,
      pickup: params.pickup,
      dropoff: params.dropoff,
      pickupName: params.pickupName,
      pickupNote: params.pickupNote,
      dropoffNote: params.dropoffNote,
      request: requestOf(params, nowMs),
    },
    call,
  );
  return { delivery: deliveryView(row), ...(await trackingLink(deps, row)) };
}

type RequestTerms = Omit<DeliveryRequest, 'id' | 'account' | 'pickup' | 'dropoff'>;

function requestOf(params: DeliveryCreate, nowMs: number): RequestTerms {
  if (params.readyAt !== undefined && params.readyInSeconds !== undefined) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/readyAt', expected: 'not together with readyInSeconds' },
    ]);
  }
  const notBeforeMs =
    params.notBefore === undefined ? undefined : parseTime(params.notBefore, '/notBefore');
  const readyMs =
    params.readyAt === undefined
      ? Math.max(nowMs, notBeforeMs ?? 0) +
        (params.readyInSeconds === undefined ? READY_DEFAULT_MS : params.readyInSeconds * 1000)
      : parseTime(params.readyAt, '/readyAt');
  return {
    load: params.load ?? USUAL_LOAD,
    ifUndeliverable: params.ifUndeliverable ?? IF_UNDELIVERABLE,
    placedMs: nowMs,
    readyMs,
    readySource: 'promised',
    ...(params.promiseAt === undefined
      ? {}
      : { promiseMs: parseTime(params.promiseAt, '/promiseAt') }),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    ...(params.group === undefined ? {} : { group: params.group }),
    ...(params.vehicles === undefined ? {} : { vehicles: params.vehicles }),
    ...(params.skills === undefined ? {} : { skills: params.skills }),
    ...(params.fleets === undefined ? {} : { fleets: params.fleets }),
  };
}

interface Creation {
  readonly id: DeliveryId;
  readonly account: AccountId;
  readonly externalId: string;
  readonly customer: UserId | null;
  readonly pickup: Point;
  readonly dropoff: Point;
  readonly pickupName?: string | undefined;
  readonly pickupNote?: string | undefined;
  readonly dropoffNote?: string | undefined;
  readonly request: RequestTerms;
}

/** Writes the record and its first command in one transaction; the relay does the rest. */
async function create(deps: DeliveriesDeps, wanted: Creation, call: Call): Promise<DeliveryRow> {
  const { knex } = deps.database;
  const { account, externalId } = wanted;
  const existing = await queries.deliveryByExternalId(knex, account, externalId);
  if (existing !== undefined) return existing;
  try {
    await deps.database.transaction((trx) => write(deps, trx, wanted, call.correlationId));
  } catch (error) {
    // The id was used under another external id: never two deliveries of one id.
    if (uniqueViolation(error) !== undefined) throw new WaggleError('resource.conflict');
    throw error;
  }
  deps.wakeRelay();
  const row = await queries.deliveryByExternalId(knex, account, externalId);
  if (row === undefined) throw new WaggleError('internal');
  return row;
}

async function write(
  deps: DeliveriesDeps,
  trx: Transaction,
  wanted: Creation,
  correlation: string,
): Promise<void> {
  const { account, externalId } = wanted;
  const door = await deps.door();
  const zone = door.zoneAt(wanted.pickup.lat, wanted.pickup.lon);
  if (zone === undefined) throw new WaggleError('zone.none_here');
  const request: DeliveryRequest = {
    ...wanted.request,
    id: wanted.id,
    account,
    pickup: placeOf(wanted.pickup.lat, wanted.pickup.lon),
    dropoff: placeOf(wanted.dropoff.lat, wanted.dropoff.lon),
  };
  const isLater = (request.notBeforeMs ?? 0) > request.placedMs;
  const isNew = await queries.insertDelivery(trx, {
    id: wanted.id,
    account,
    external_id: externalId,
    customer: wanted.customer,
    zone: zone.id,
    shard: zone.shard,
    request,
    pickup_name: wanted.pickupName ?? null,
    pickup_note: wanted.pickupNote ?? null,
    dropoff_note: wanted.dropoffNote ?? null,
    placed_ms: request.placedMs,
    ready_ms: request.readyMs,
    state: isLater ? 'scheduled' : 'pending',
  });
  if (!isNew) return;
  await queries.insertCommand(trx, {
    delivery: wanted.id,
    number: 1,
    zone: zone.id,
    shard: zone.shard,
    command: { type: 'delivery.request', number: 1, request },
    correlation,
  });
}

/** A signed link that shows one delivery. */
export async function trackingLink(
  deps: DeliveriesDeps,
  row: DeliveryRow,
): Promise<{ trackingUrl: string; trackingToken: string }> {
  const trackingToken = await deps.signer.signTracking(row.id, row.account, deps.trackingLinkMs);
  return { trackingUrl: `${deps.publicUrl}/track/${trackingToken}`, trackingToken };
}
