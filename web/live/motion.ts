/**
 * Owns smooth movement: between two pictures a driver glides from where it is drawn to where it was
 * seen. It must never run ahead of what was reported: a glide ends at the last known place.
 */

/** Pictures come about once a second; glides outside these bounds would look jerky or laggy. */
const GLIDE_MS_MIN = 250;
const GLIDE_MS_MAX = 2_500;
const GLIDE_MS_FIRST = 1_000;
/** Beyond this many degrees (about 2 km) a move is a correction and is shown at once. */
const JUMP_DEGREES = 0.02;
/** Smaller moves (about 2 m) keep the old heading: the noise of a standing phone must not spin it. */
const TURN_DEGREES_MIN = 0.00002;

export interface DriverMotion {
  /** Where the driver is drawn now. */
  lon: number;
  lat: number;
  fromLon: number;
  fromLat: number;
  toLon: number;
  toLat: number;
  startMs: number;
  durationMs: number;
  /** Degrees anticlockwise from north, as the icon layer turns; 0 until the first real move. */
  angle: number;
  moving: boolean;
}

export class Motion {
  /** Host time until which something still glides; frames after it need no movement. */
  busyUntilMs = 0;
  /** Grows whenever a driver turned, so that icons are turned only then. */
  turns = 0;
  /** Set for people who asked their system for less motion: every move is then shown at once. */
  still = false;

  /** A driver seen for the first time stands where it was seen. */
  placed(lon: number, lat: number): DriverMotion {
    const points = { lon, lat, fromLon: lon, fromLat: lat, toLon: lon, toLat: lat };
    return { ...points, startMs: 0, durationMs: 0, angle: 0, moving: false };
  }

  /** Starts the glide to a new place; `gapMs` is the host time since the previous picture. */
  moved(
    driver: DriverMotion,
    to: { lon: number; lat: number; hostMs: number; gapMs: number },
  ): void {
    if (to.lon === driver.toLon && to.lat === driver.toLat) return;
    const east = (to.lon - driver.toLon) * Math.cos((to.lat * Math.PI) / 180);
    const north = to.lat - driver.toLat;
    const degrees = Math.hypot(east, north);
    if (degrees >= TURN_DEGREES_MIN) {
      driver.angle = (-Math.atan2(east, north) * 180) / Math.PI;
      this.turns++;
    }
    driver.fromLon = driver.lon;
    driver.fromLat = driver.lat;
    driver.toLon = to.lon;
    driver.toLat = to.lat;
    if (this.still || degrees > JUMP_DEGREES) {
      driver.lon = to.lon;
      driver.lat = to.lat;
      driver.moving = false;
      this.busyUntilMs = Math.max(this.busyUntilMs, to.hostMs);
      return;
    }
    driver.startMs = to.hostMs;
    driver.durationMs = Math.min(GLIDE_MS_MAX, Math.max(GLIDE_MS_MIN, to.gapMs || GLIDE_MS_FIRST));
    driver.moving = true;
    this.busyUntilMs = Math.max(this.busyUntilMs, to.hostMs + driver.durationMs);
  }

  /** Moves every gliding driver to its place at `hostMs`. Returns whether any place changed. */
  advance(drivers: Iterable<DriverMotion>, hostMs: number): boolean {
    let changed = false;
    for (const driver of drivers) {
      if (!driver.moving) continue;
      const share = Math.min(1, Math.max(0, (hostMs - driver.startMs) / driver.durationMs));
      driver.lon = driver.fromLon + (driver.toLon - driver.fromLon) * share;
      driver.lat = driver.fromLat + (driver.toLat - driver.fromLat) * share;
      if (share >= 1) driver.moving = false;
      changed = true;
    }
    return changed;
  }
}
