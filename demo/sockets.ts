/**
 * The WebSocket doors, made of the TypeScript client that drivers' and customers' apps use. It adds
 * only what a person would do: start the app again when it was told to stop.
 */
import {
  type ActResult,
  type ConnectionState,
  createDriverClient,
  createTrackClient,
  type DriverClient,
  type TrackClient,
  type Tracking,
} from '../client/index.ts';
import { isEnded } from '../contracts/states.ts';
import { WIRE_LIMITS } from '../contracts/wire/messages.ts';
import type {
  AppDeed,
  DriverSocket,
  OpenCustomerSocket,
  OpenDriverSocket,
  Watch,
} from './doors.ts';

/** Wall ms before an app that was told to stop is started again. */
const RESTART_MS = 2_000;

/** Drivers' apps at a gateway. */
export function openDriverSocket(url: string): OpenDriverSocket {
  return (token, events): DriverSocket => {
    let isLive = false;
    let isClosed = false;
    let restart: NodeJS.Timeout | undefined;
    const connect = (): void => {
      // A rejection is seen as a state too, and handled there.
      client.connect().catch(() => {});
    };
    const onState = (state: ConnectionState): void => {
      if (isClosed) return;
      if (state === 'live' && !isLive) {
        isLive = true;
        events.onOpen();
      } else if (state !== 'live' && isLive) {
        isLive = false;
        events.onLost();
      }
      if (state === 'refused') restart = setTimeout(connect, RESTART_MS);
    };
    const client = createDriverClient({
      url,
      token,
      onState,
      onView: (view) => {
        if (!isClosed) events.onView(view);
      },
    });
    connect();
    return {
      act: async (deed) => {
        const { action, refused = null } = await perform(client, deed);
        return { action, refused };
      },
      report: (at, heading, speedCmps) => {
        client.report({ ...at, heading, speedMps: speedCmps / 100, accuracyMeters: 5 });
      },
      close: () => {
        isClosed = true;
        clearTimeout(restart);
        client.close();
      },
    };
  };
}

function perform(client: DriverClient, deed: AppDeed): Promise<ActResult> {
  switch (deed.kind) {
    case 'duty':
      return deed.duty === 'available' ? client.goOnDuty(deed) : client.setDuty(deed.duty);
    case 'accept':
      return client.accept(deed.offer);
    case 'decline':
      return client.decline(deed.offer, deed.reason);
    case 'arrived':
      return client.arrived(deed.delivery, deed.stop);
    case 'picked_up':
      return client.pickedUp(deed.delivery);
    case 'delivered':
      return client.delivered(deed.delivery);
    case 'undeliverable':
      return client.undeliverable(deed.delivery, deed.code, deed.fault);
    case 'unreachable':
      return client.unreachable(deed.delivery, deed.tried);
    case 'returned':
      return client.returned(deed.delivery);
    case 'give_back':
      return client.giveBack(deed.delivery, deed.reason);
  }
}

/** Customers' screens at a gateway: each one socket that watches many deliveries by their links. */
export function openCustomerSocket(url: string): OpenCustomerSocket {
  return () => {
    let client: TrackClient | null = null;
    let newestToken = '';
    const watched = new Map<string, Tracking>();
    const drop = (delivery: string): void => {
      watched.get(delivery)?.stop();
      watched.delete(delivery);
    };
    const start = (): TrackClient => {
      const made = createTrackClient({ url, token: () => newestToken });
      made.connect().catch(() => {});
      return made;
    };
    return {
      watch: ({ delivery, token, onPosition, onEnd }: Watch) => {
        // A screen shows as many as the gateway allows; further customers look elsewhere.
        if (watched.size >= WIRE_LIMITS.subsMax) return;
        newestToken = token;
        client ??= start();
        const tracking = client.track(delivery, token, {
          onPosition: ({ fixMs }) => onPosition(fixMs),
          onStatus: ({ state }) => {
            if (!isEnded(state)) return;
            onEnd(state);
            drop(delivery);
          },
          onRefused: () => drop(delivery),
        });
        watched.set(delivery, tracking);
      },
      unwatch: drop,
      close: () => client?.close(),
    };
  };
}
