/**
 * Making deliveries: the one way in for shops and for orders. Writes the business records with their
 * first commands, however many at once, in the caller's transaction; the relay does the rest. What
 * cannot become a delivery any more (no zone, called off before it was asked for) is written as one
 * that has ended, and told: whoever asked waits for its end.
 */
import type { ProofNeeds } from '../../contracts/api/proofs.ts';
import type { DeliveryRequest } from '../../contracts/commands.ts';
import type { AccountId, DeliveryId, QuoteId, UserId, ZoneId } from '../../contracts/ids.ts';
import type { DeliveryWanted } from '../../contracts/messages/deliveries.ts';
import type { DeliveryState, EndReason, Load, Undeliverable } from '../../contracts/states.ts';
import { isEnded } from '../../contracts/states.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Tokens } from '../../platform/auth/tokens.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import * as queries from './creation-queries.ts';
import { announcement } from './projector/projector-queries.ts';
import { storedNeeds } from './proofs/proof-needs.ts';
import type { Pins } from './proofs/proof-pins.ts';
import type { DeliveryRow } from './rows.ts';

export interface DeliveriesDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly signer: Tokens;
  readonly trackingLinkMs: number;
  /** How the API is reached from outside. */
  readonly publicUrl: string;
  readonly wakeRelay: () => void;
  readonly pins: Pins;
}

/** What one meal usually is, for requests that do not say. */
export const USUAL_LOAD: Load = { parcels: 1, volumeMl: 12_000, weightG: 2_500 };
export const IF_UNDELIVERABLE: Undeliverable = 'return';
/** Where a delivery belongs that no zone serves; it ends before the engine hears of it. */
export const NO_ZONE: ZoneId = 'zon_00000000-0000-7000-8000-000000000000';
const NO_SHARD = -1;

interface Point {
  readonly lat: number;
  readonly lon: number;
}

export type RequestTerms = Omit<DeliveryRequest, 'id' | 'account' | 'pickup' | 'dropoff'>;

export interface Creation {
  readonly id: DeliveryId;
  readonly account: AccountId;
  readonly externalId: string;
  readonly customer: UserId | null;
  readonly pickup: Point;
  readonly dropoff: Point;
  readonly pickupName?: string | undefined;
  readonly pickupNote?: string | undefined;
  readonly dropoffNote?: string | undefined;
  readonly proof?: ProofNeeds | undefined;
  readonly request: RequestTerms;
  readonly correlation: string;
  /** What the shop pays for it; absent: who asked settles that. */
  readonly fee?: { readonly minor: number; readonly currency: string; readonly quote?: QuoteId };
  /** Of the request, to tell a repeat from another request under the same external id. */
  readonly requestHash?: string;
}

/** What `orders` asks for, as a creation. */
export function creationOf(wanted: DeliveryWanted, correlation: string): Creation {
  return {
    ...wanted,
    correlation,
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

/**
 * Writes deliveries; resolves with the ids of those that are new. One that exists by its external id
 * stays as it is, and what became of it is told again.
 */
export async function createAll(
  deps: DeliveriesDeps,
  trx: Transaction,
  wanted: readonly Creation[],
): Promise<ReadonlySet<DeliveryId>> {
  if (wanted.length === 0) return new Set();
  const door = await deps.door();
  const calledOff = await queries.unwantedOf(
    trx,
    wanted.map(({ id }) => id),
  );
  const rows = wanted.map((each) => newRow(door, deps.pins, each, calledOff.get(each.id)));
  const added = await queries.insertDeliveries(trx, rows);
  const correlations = new Map(wanted.map(({ id, correlation }) => [id, correlation]));
  const fresh = rows.filter(({ id }) => added.has(id));
  await queries.insertCommands(
    trx,
    fresh
      .filter(({ state }) => !isEnded(state))
      .map(({ id, zone, shard, request }) => ({
        ...{ delivery: id, number: 1, zone, shard },
        command: { type: 'delivery.request', number: 1, request },
        correlation: correlations.get(id) ?? null,
      })),
  );
  await tellAgain(trx, rows, added);
  return added;
}

/** Tells of what ended before it began, and of what was asked for before and has moved since. */
async function tellAgain(
  trx: Transaction,
  rows: readonly queries.NewDelivery[],
  added: ReadonlySet<DeliveryId>,
): Promise<void> {
  const asked = rows.filter(({ id, state }) => !added.has(id) || isEnded(state));
  if (asked.length === 0) return;
  await announceRows(trx, await queries.deliveriesByExternalIds(trx, asked));
}

/** Tells how deliveries stand now; nothing of those that the engine has not answered for yet. */
export async function announceRows(trx: Transaction, rows: readonly DeliveryRow[]): Promise<void> {
  const told = rows.filter(({ epoch, state }) => epoch > 0 || isEnded(state));
  await enqueue(
    trx,
    told.map((row) => announcement({ row, atMs: row.ended_ms ?? row.placed_ms, state: row })),
  );
}

/** A version that is after nothing at all and before everything that a log says. */
const BEFORE_LOG = { epoch: 0, seq: 0, index: 1 } as const;

function newRow(
  door: Door,
  pins: Pins,
  wanted: Creation,
  calledOff: queries.Unwanted | undefined,
): queries.NewDelivery {
  const zone = door.zoneAt(wanted.pickup.lat, wanted.pickup.lon);
  const request: DeliveryRequest = {
    ...wanted.request,
    id: wanted.id,
    account: wanted.account,
    pickup: placeOf(wanted.pickup.lat, wanted.pickup.lon),
    dropoff: placeOf(wanted.dropoff.lat, wanted.dropoff.lon),
  };
  const isLater = (request.notBeforeMs ?? 0) > request.placedMs;
  const stage: DeliveryState = isLater ? 'scheduled' : 'pending';
  const end = endOf(stage, zone !== undefined, calledOff);
  return {
    id: wanted.id,
    account: wanted.account,
    external_id: wanted.externalId,
    customer: wanted.customer,
    zone: zone?.id ?? NO_ZONE,
    shard: zone?.shard ?? NO_SHARD,
    request,
    pickup_name: wanted.pickupName ?? null,
    pickup_note: wanted.pickupNote ?? null,
    dropoff_note: wanted.dropoffNote ?? null,
    placed_ms: request.placedMs,
    ready_ms: request.readyMs,
    quote: wanted.fee?.quote ?? null,
    fee_minor: wanted.fee?.minor ?? null,
    currency: wanted.fee?.currency ?? null,
    request_hash: wanted.requestHash ?? null,
    state: end?.state ?? stage,
    reason: end?.reason ?? null,
    ended_ms: end === undefined ? null : Math.round(door.clock.zoneMs()),
    index: end === undefined ? 0 : BEFORE_LOG.index,
    proof: wanted.proof === undefined ? null : storedNeeds(wanted.proof, pins),
  };
}

interface End {
  readonly state: DeliveryState;
  readonly reason: EndReason;
}

function endOf(
  stage: DeliveryState,
  isServed: boolean,
  calledOff: queries.Unwanted | undefined,
): End | undefined {
  if (calledOff !== undefined) {
    const { code, fault } = calledOff;
    return { state: 'cancelled', reason: { code, stage, fault } };
  }
  if (isServed) return undefined;
  return { state: 'failed', reason: { code: 'zone_closed', stage, fault: 'platform' } };
}
