/** The clock and socket of the platform, for who passes none. Nothing is made before it is asked for. */
import type { ClientClock, OpenSocket, SocketLike } from './types.ts';

/** The platform's time and timers. */
export function platformClock(): ClientClock {
  return {
    nowMs: () => Date.now(),
    setTimer: (run, delayMs) => setTimeout(run, delayMs),
    clearTimer: (timer) => clearTimeout(timer as number | undefined),
  };
}

/** Opens the global WebSocket. */
export const openPlatformSocket: OpenSocket = (url, protocol): SocketLike =>
  new WebSocket(url, protocol) as unknown as SocketLike;

/** Whether this runs in a page. */
export function platformName(): string {
  return 'document' in globalThis ? 'web' : 'node';
}
