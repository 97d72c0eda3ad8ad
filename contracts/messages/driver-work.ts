/**
 * What the logs say of drivers at work, for whoever pays, rates and plans them. `deliveries` tells it,
 * because it reads the logs anyway; facts of one shard come in the order of its log.
 */
import type { DeliveryId, DriverId, OfferId, ZoneId } from '../ids.ts';
import type { DeliveryState, Duty, EndReason, OfferOutcome } from '../states.ts';

export const DRIVER_WORK_STREAM = 'events:driver-work';

interface At {
  readonly driver: DriverId;
  readonly zone: ZoneId;
  /** Zone ms. */
  readonly atMs: number;
}

/** Work was offered; the pay is frozen in the offer and is for all its deliveries together. */
export interface WorkOffered extends At {
  readonly fact: 'offered';
  readonly offer: OfferId;
  readonly deliveries: readonly DeliveryId[];
  /** Minor units. */
  readonly payMinor: number;
  readonly currency: string;
}

export interface WorkAnswered extends At {
  readonly fact: 'answered';
  readonly offer: OfferId;
  readonly outcome: OfferOutcome;
}

export interface DutyChanged extends At {
  readonly fact: 'duty';
  readonly duty: Duty;
}

/** A delivery that this driver carried, or was to carry, has ended. */
export interface WorkEnded extends At {
  readonly fact: 'ended';
  readonly delivery: DeliveryId;
  readonly state: DeliveryState;
  readonly reason: EndReason;
  readonly promiseMs: number | null;
  /** Straight from pickup to drop-off. */
  readonly meters: number;
}

export type WorkFact = WorkOffered | WorkAnswered | DutyChanged | WorkEnded;

export interface DriverWork {
  readonly type: 'driver.work';
  readonly facts: readonly WorkFact[];
}
