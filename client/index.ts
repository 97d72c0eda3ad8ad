/**
 * Waggle's client for driver apps, tracking pages and live maps. Owns nothing itself: the factories
 * of the three clients and their types.
 *
 *   const driver = createDriverClient({ url, token, onView: (view) => show(view) });
 *   await driver.connect();
 *   await driver.goOnDuty({ vehicle, at: { lat, lon } });
 */
export {
  CLOSE_CODES,
  type CloseInstruction,
  closeInstruction,
  closeName,
} from '../contracts/wire/close-codes.ts';
export type { LatLon, TrackStatus } from '../contracts/wire/messages.ts';
export { createDriverClient } from './driver-client.ts';
export { type EtaRange, etaRangeText } from './eta-text.ts';
export { createTrackClient } from './track-client.ts';
export {
  type ActionStorage,
  type ActResult,
  type ClientClock,
  ClientError,
  type ClientErrorCode,
  type ConnectedClient,
  type ConnectionOptions,
  type ConnectionState,
  type DriverClient,
  type DriverOptions,
  type DriverStats,
  type OpenSocket,
  type Position,
  type SocketLike,
  type StateDetail,
  type TrackClient,
  type TrackHandlers,
  type Tracking,
  type TrackPosition,
  type ViewClient,
  type ViewOptions,
} from './types.ts';
export { createViewClient } from './view-client.ts';
export { readWebhook, type WebhookCheck, WebhookError, type WebhookRefusal } from './webhooks.ts';
