/** The driver client. */
import type { DriverClient, DriverOptions } from './types.ts';

/** Makes a client; `connect()` starts it. */
export function createDriverClient(options: DriverOptions): DriverClient {
  throw new Error(`not connected: ${options.url}`);
}
