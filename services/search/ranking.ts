/**
 * What counts how much, in integers that Postgres and the read model compute alike: `reading.ts` says
 * the same in SQL. Owns no data. A change here changes both.
 */
import type { SearchSort } from '../../contracts/api/search.ts';
import type { PointE7 } from '../../contracts/geo.ts';

/** Points for one word asked, by where and how it was found; the best of a document counts. */
export const POINTS = {
  name: { exact: 100, prefix: 60, typo: 50 },
  other: { exact: 40, prefix: 25, typo: 20 },
} as const;
/** Taken off per word of a name, so that what is called just so comes first. */
export const NAME_WORD_POINTS = 2;
/** A vendor stands before a product that matches as well. */
export const VENDOR_POINTS = 15;
/** A point of text against the rest: a star is 10, a hundred metres are 1. */
export const TEXT_FACTOR = 10;
export const FAR_POINTS_MAX = 100;
export const SOLD_OUT_POINTS = 200;
/** Five stars. */
export const RATING_TENTHS_MAX = 50;
/** Stars that the facet counts from. */
export const RATING_STEPS = [3, 3.5, 4, 4.5] as const;

/** Handing over, and metres in a straight line to seconds on the road (1.3 × at 5.4 m/s): 6/25. */
export const HANDOVER_SECONDS = 180;
const SECONDS_PER_25_METERS = 6;

const EARTH_METERS_PER_E7 = (Math.PI / 180e7) * 6_371_008.8;
const FULL_CIRCLE_E7 = 3_600_000_000;

/** A place asked about, with the scale of the plane around it. */
export interface Here extends PointE7 {
  /** Metres east per E7 of longitude at its latitude; north is `NORTH_METERS_PER_E7`. */
  readonly eastMetersPerE7: number;
}

export const NORTH_METERS_PER_E7 = EARTH_METERS_PER_E7;

export function hereOf({ latE7, lonE7 }: PointE7): Here {
  const eastMetersPerE7 = EARTH_METERS_PER_E7 * Math.cos((latE7 * Math.PI) / 180e7);
  return { latE7, lonE7, eastMetersPerE7 };
}

/**
 * Whole metres on the plane around `here`: within 0.1 % in a city. Only operations that every IEEE
 * machine does alike, in this order, because SQL repeats them.
 */
export function metersFrom(here: Here, latE7: number, lonE7: number): number {
  const across = Math.abs(lonE7 - here.lonE7);
  const east = Math.min(across, FULL_CIRCLE_E7 - across) * here.eastMetersPerE7;
  const north = (latE7 - here.latE7) * NORTH_METERS_PER_E7;
  return Math.floor(Math.sqrt(east * east + north * north));
}

/** Seconds until it could be there. */
export function etaSeconds(prepareSeconds: number, meters: number): number {
  return prepareSeconds + HANDOVER_SECONDS + Math.floor((meters * SECONDS_PER_25_METERS) / 25);
}

/** Text of a document, from the points of the words asked; nothing was asked: 0. */
export function textScore(points: number, nameWords: number, isVendor: boolean): number {
  return points - nameWords * NAME_WORD_POINTS + (isVendor ? VENDOR_POINTS : 0);
}

/** What a list is ordered by, as a number: it is looked at for every document found. */
export const ORDERS: Readonly<Record<SearchSort, number>> = {
  relevance: 0,
  distance: 1,
  eta: 2,
  rating: 3,
};

/**
 * What a list is ordered by, the smallest first; equal ones by id. Plain numbers for arguments,
 * because a search asks this for thousands: rating in hundredths of a star (0: none), metres (0 without
 * a place), seconds to prepare, 1 when sold out.
 */
export function keyOf(
  order: number,
  text: number,
  ratingCenti: number,
  meters: number,
  prepareSeconds: number,
  soldOut: number,
): number {
  if (order === ORDERS.distance) return meters;
  if (order === ORDERS.eta) return etaSeconds(prepareSeconds, meters);
  if (order === ORDERS.rating) return 0 - ratingCenti;
  return relevanceKey(text, Math.floor(ratingCenti / 10), meters, soldOut);
}

function relevanceKey(text: number, tenths: number, meters: number, soldOut: number): number {
  const far = Math.min(FAR_POINTS_MAX, Math.floor(meters / 100));
  return far + soldOut * SOLD_OUT_POINTS - text * TEXT_FACTOR - tenths;
}

/** The most points of a document that has one word with these points: all others asked exactly. */
export function pointsMost(points: number, otherWords: number): number {
  return points + otherWords * POINTS.name.exact;
}

/**
 * No document with so much text and a rating of so many tenths of a star comes before this key,
 * wherever it is; the other orders say nothing before a place is looked at.
 */
export function keyLeast(
  order: number,
  textMost: number,
  ratingTenths: number,
  soldOut: number,
): number {
  if (order === ORDERS.relevance) return relevanceKey(textMost, ratingTenths, 0, soldOut);
  if (order === ORDERS.rating) return -10 * (ratingTenths + 1);
  return Number.NEGATIVE_INFINITY;
}
