/** Zone time as the outside knows it: what GET /clock said once, carried on by the wall clock. */
import type { ClockView } from '../contracts/api/zones.ts';

export interface ZoneClock {
  /** Zone ms per wall ms. */
  readonly speed: number;
  zoneMs(): number;
  /** Wall ms from now until a zone time; negative when it has passed. */
  wallMsUntil(zoneMs: number): number;
}

/** @param wallMs the wall clock at which `view` was true (the middle of the request) */
export function zoneClock(view: ClockView, wallMs: number): ZoneClock {
  const zoneMs = (): number => view.zoneMs + (Date.now() - wallMs) * view.speed;
  return {
    speed: view.speed,
    zoneMs,
    wallMsUntil: (atMs) => (atMs - zoneMs()) / view.speed,
  };
}
