/** The track client. */
import type { ConnectionOptions, TrackClient } from './types.ts';

/** Makes a client; `connect()` starts it. */
export function createTrackClient(options: ConnectionOptions): TrackClient {
  throw new Error(`not connected: ${options.url}`);
}
