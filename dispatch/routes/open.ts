/** Puts a desk together from plain options, which may cross to a worker thread. */
import type { VehicleKind } from '../../contracts/states.ts';
import { RoutesDesk } from './desk.ts';
import { googleSource } from './google.ts';
import { osrmSource } from './osrm.ts';
import type { RoutesSource } from './source.ts';

export type Profiles = Readonly<Partial<Record<VehicleKind, string>>>;

export interface RoutesOptions {
  readonly source: 'osrm' | 'google';
  readonly url: string;
  /** Google's API key; OSRM has none. */
  readonly key: string;
  /** Google: ask for the traffic of now. */
  readonly traffic: boolean;
  /** Names of the source by vehicle kind; undefined: the usual ones. */
  readonly profiles: Profiles | undefined;
  /** Host ms for one request. */
  readonly timeoutMs: number;
  readonly requestsPerSecond: number;
  /** Zone ms that an answer holds. */
  readonly holdsMs: number;
  /** Billed elements per UTC day, over all nodes. */
  readonly elementsPerDay: number;
}

/** The profiles that come with OSRM. */
const OSRM_PROFILES: Profiles = {
  foot: 'foot',
  bicycle: 'bike',
  ebike: 'bike',
  scooter: 'car',
  car: 'car',
  van: 'car',
};

/** TWO_WHEELER would suit scooters, at the highest of Google's three rates. */
const GOOGLE_MODES: Profiles = {
  foot: 'WALK',
  bicycle: 'BICYCLE',
  ebike: 'BICYCLE',
  scooter: 'DRIVE',
  car: 'DRIVE',
  van: 'DRIVE',
};

/** @param budget takes billed elements out of the budget of the day; not used for OSRM */
export function openRoutes(
  options: RoutesOptions,
  budget: (elements: number) => Promise<boolean>,
  report: (problem: string, error: unknown) => void,
): RoutesDesk {
  const source = sourceOf(options);
  const usual = options.source === 'google' ? GOOGLE_MODES : OSRM_PROFILES;
  const { holdsMs, timeoutMs, requestsPerSecond } = options;
  return new RoutesDesk({
    ...{ source, holdsMs, timeoutMs, requestsPerSecond, report },
    profiles: options.profiles ?? usual,
    ...(source.limits.billed ? { budget } : {}),
  });
}

function sourceOf({ source, url, key, traffic }: RoutesOptions): RoutesSource {
  return source === 'google' ? googleSource({ url, key, traffic }) : osrmSource({ url });
}
