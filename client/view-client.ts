/** The view client. */
import type { ViewClient, ViewOptions } from './types.ts';

/** Makes a client; `connect()` starts it. */
export function createViewClient(options: ViewOptions): ViewClient {
  throw new Error(`not connected: ${options.url}`);
}
