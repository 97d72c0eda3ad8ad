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
export type { LatLon, TrackPosition, TrackStatus } from '../contracts/wire/messages.ts';
export { createDriverClient } from './driver-client.ts';
export { createTrackClient } from './track-client.ts';
export * from './types.ts';
export { createViewClient } from './view-client.ts';
