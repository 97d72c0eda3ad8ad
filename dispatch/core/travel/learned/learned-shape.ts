/**
 * Sizes and rates of the learned travel-time model, in one place: every table is bounded here.
 * Nothing below names a city; rates were chosen once and hold for every vehicle and place. A change
 * of any size changes the layout of saved states, so `LEARNED_STATE_VERSION` must grow with it.
 */
export const LEARNED_STATE_VERSION = 2;

export const LEARNED = {
  /** Networks whose answers are averaged. Two are worth 0.7 s of error over one on taxi trips. */
  members: 2,
  /** Plain inputs: 11 of context (traffic, trips between the two places), 19 of shape and place. */
  dense: 30,
  /** Numbers learned per cell, per hour and per vehicle. */
  width: 8,
  hidden1: 32,
  hidden2: 16,
  /** Hashed rows per resolution (9, 8, 7), for origins and again for destinations. */
  rows9: 8_192,
  rows8: 4_096,
  rows7: 1_024,
  hours: 168,
  halfHours: 48,
  /** Finished trips kept to learn from again; the oldest is overwritten. */
  memories: 131_072,
  /** Memories learned from again with each finished trip, drawn at random. */
  rehearsals: 3,
  /** Hashed pairs of cells with a running pace: resolution 9 and 8 share a table. */
  pairsFine: 131_072,
  pairsCoarse: 32_768,
  /** Most trips a pair's average counts, so that it never stops following. */
  pairWeightMax: 200,
  /** Regions (resolution 7, hashed) with traffic of their own. */
  regions: 256,
  /** Traffic is kept per 5 minutes, this many back (about 42 hours): longer than any trip. */
  trafficSlots: 512,
  trafficSlotSeconds: 300,
  /** Trips of a vehicle before its traffic is compared with a calm city. */
  calmTrips: 3_000,
  /** Trips of a vehicle kind before the model answers for it at all. */
  vehicleTrips: 50,
  /** Trips at a place until its own answers count as much as the plain pace. */
  placeTrips: 5,
} as const;

/** A first guess that only scales what is learned: seconds for a trip of `meters`. */
export function roughSeconds(meters: number): number {
  return 150 + meters * 0.13;
}

/** Mixes a non-negative integer of up to 53 bits into 32. */
export function mix32(key: number): number {
  const high = Math.floor(key / 0x100000000);
  // A remainder by subtraction: `%` of numbers past 32 bits costs ten times as much.
  let mixed = (key - high * 0x100000000) ^ high;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}

/** A 32-bit key for an ordered pair of cells. */
export function mixPair(from: number, to: number): number {
  const both = Math.imul(mix32(from), 0x9e3779b1) ^ Math.imul(mix32(to), 0x85ebca77);
  return mix32(both >>> 0);
}
