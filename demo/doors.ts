/**
 * What the demo asks of the WebSocket client: the driver's app and the customer's screen. The real
 * ones are made from `client/` in `sockets.ts`; tests put small ones of their own in their place.
 */
import type { DriverDeed } from '../contracts/commands.ts';
import type { DeliveryId, VehicleId } from '../contracts/ids.ts';
import type { DriverView } from '../contracts/push.ts';
import type { DeliveryState } from '../contracts/states.ts';
import type { LatLon } from './scenario.ts';

/** The zone's answer to one deed. */
export interface DeedAnswer {
  /** The number under which the zone knows it. */
  readonly action: number;
  readonly refused: string | null;
}

/** A deed as the app says it: places in degrees, the vehicle by its id. */
export type AppDeed =
  | Exclude<DriverDeed, { kind: 'duty' }>
  | { readonly kind: 'duty'; readonly duty: 'off' | 'last_job' }
  | {
      readonly kind: 'duty';
      readonly duty: 'available';
      readonly vehicle: VehicleId;
      readonly at: LatLon;
    };

export interface DriverSocket {
  /** Resolves when the zone has answered; over reconnects, in order. Rejects when closed before. */
  act(deed: AppDeed): Promise<DeedAnswer>;
  /** Reports where it is now; dropped while there is no connection. */
  report(at: LatLon, heading: number, speedCmps: number): void;
  close(): void;
}

export interface DriverSocketEvents {
  /** The connection stands (again); what the zone knows follows as a view. */
  readonly onOpen: () => void;
  /** Null: no zone knows the driver. */
  readonly onView: (view: DriverView | null) => void;
  readonly onLost: () => void;
}

export type OpenDriverSocket = (
  token: () => Promise<string>,
  events: DriverSocketEvents,
) => DriverSocket;

export interface Watch {
  readonly delivery: DeliveryId;
  readonly token: string;
  /** Host ms UTC of the fix that is shown. */
  readonly onPosition: (fixMs: number) => void;
  /** The delivery has ended, on this screen. */
  readonly onEnd: (state: DeliveryState) => void;
}

/** Watches deliveries on one socket; stops by itself when a delivery ends. */
export interface CustomerSocket {
  watch(watch: Watch): void;
  unwatch(delivery: DeliveryId): void;
  close(): void;
}

export type OpenCustomerSocket = () => CustomerSocket;
