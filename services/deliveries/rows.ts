/** Rows of the deliveries schema, and how one looks to the outside. */
import type { Delivery } from '../../contracts/api/deliveries.ts';
import type { DeliveryCommand, DeliveryRequest } from '../../contracts/commands.ts';
import type {
  AccountId,
  DeliveryId,
  DriverId,
  QuoteId,
  UserId,
  ZoneId,
} from '../../contracts/ids.ts';
import type { DeliveryState, EndReason } from '../../contracts/states.ts';
import { timeText, timeTextOrNull } from '../../platform/times.ts';
import { needsOf, type StoredNeeds } from './proofs/proof-needs.ts';

/** What the log decides about a delivery. */
export interface ProjectedState {
  state: DeliveryState;
  driver: DriverId | null;
  /** Zone ms, like all times here. */
  ready_ms: number;
  promise_ms: number | null;
  assigned_ms: number | null;
  picked_up_ms: number | null;
  delivered_ms: number | null;
  ended_ms: number | null;
  reason: EndReason | null;
  held: boolean;
  /** The last fact that changed it. */
  epoch: number;
  seq: number;
  index: number;
}

export interface DeliveryRow extends ProjectedState {
  readonly id: DeliveryId;
  readonly account: AccountId;
  readonly external_id: string;
  readonly customer: UserId | null;
  readonly zone: ZoneId;
  readonly shard: number;
  readonly request: DeliveryRequest;
  readonly pickup_name: string | null;
  readonly pickup_note: string | null;
  readonly dropoff_note: string | null;
  readonly last_command: number;
  /** What the driver must show; null: nothing. */
  readonly proof: StoredNeeds | null;
  readonly pin_tries: number;
  readonly placed_ms: number;
  /** What the shop pays; null: it was asked for by an order, or before there were prices. */
  readonly fee_minor: number | null;
  readonly currency: string | null;
  readonly quote: QuoteId | null;
  readonly request_hash: string | null;
}

export interface CommandRow {
  readonly delivery: DeliveryId;
  readonly number: number;
  readonly zone: ZoneId;
  readonly shard: number;
  readonly command: DeliveryCommand;
  readonly correlation: string | null;
  readonly state: 'waiting' | 'confirmed' | 'refused';
  readonly refusal: string | null;
  readonly attempts: number;
}

export interface FactRow {
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  readonly index: number;
  readonly delivery: DeliveryId;
  readonly type: string;
  readonly at_ms: number;
  readonly driver: DriverId | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export function deliveryView(row: DeliveryRow): Delivery {
  const { pickup, dropoff } = row.request;
  return {
    id: row.id,
    account: row.account,
    externalId: row.external_id,
    zone: row.zone,
    state: row.state,
    driver: row.driver,
    pickup: { lat: pickup.latE7 / 1e7, lon: pickup.lonE7 / 1e7 },
    dropoff: { lat: dropoff.latE7 / 1e7, lon: dropoff.lonE7 / 1e7 },
    placedAt: timeText(row.placed_ms),
    readyAt: timeText(row.ready_ms),
    promiseAt: timeTextOrNull(row.promise_ms),
    assignedAt: timeTextOrNull(row.assigned_ms),
    pickedUpAt: timeTextOrNull(row.picked_up_ms),
    deliveredAt: timeTextOrNull(row.delivered_ms),
    endedAt: timeTextOrNull(row.ended_ms),
    reason: row.reason,
    held: row.held,
    proof: needsOf(row.proof),
    feeMinor: row.fee_minor,
    currency: row.currency,
    quote: row.quote,
  };
}
