/** Owns what the WAGGLE_ROUTES_ variables come to together: where road times are asked for, or nowhere. */
import { VEHICLE_KINDS, type VehicleKind } from '../contracts/states.ts';

/** Field units are in their names; docs/configuration.md has defaults and bounds. */
export interface RoutesConfig {
  readonly source: 'osrm' | 'google';
  readonly url: string;
  /** Empty for a source without one. */
  readonly key: string;
  /** Ask for the traffic of now, where the source knows it. */
  readonly traffic: boolean;
  /** Names of the source by vehicle kind; undefined: the usual ones. */
  readonly profiles: Readonly<Partial<Record<VehicleKind, string>>> | undefined;
  readonly timeoutMs: number;
  /** Of one dispatch node. */
  readonly requestsPerSecond: number;
  /** Zone milliseconds that an answer holds. */
  readonly holdsMs: number;
  /** Billed elements per UTC day, over all nodes. */
  readonly elementsPerDay: number;
}

type Values = ReadonlyMap<string, string | number | undefined>;

const GOOGLE_URL = 'https://routes.googleapis.com';

/** What the source needs and does not have. */
export function routesProblems(values: Values): { variable: string; problem: string }[] {
  const source = values.get('WAGGLE_ROUTES_SOURCE');
  const because = `because WAGGLE_ROUTES_SOURCE is ${source}`;
  // One that is set but wrong is not in the values at all, and has its own problem already.
  const lacks = (name: string): boolean => values.has(name) && values.get(name) === undefined;
  if (source === 'osrm' && lacks('WAGGLE_ROUTES_URL')) {
    const problem = `is not set; expected the base URL of the server, ${because}`;
    return [{ variable: 'WAGGLE_ROUTES_URL', problem }];
  }
  if (source === 'google' && lacks('WAGGLE_ROUTES_KEY')) {
    const problem = `is not set; expected an API key, ${because}`;
    return [{ variable: 'WAGGLE_ROUTES_KEY', problem }];
  }
  return [];
}

/** Undefined: road times are asked for nowhere. */
export function routesOf(values: Values): RoutesConfig | undefined {
  const source = values.get('WAGGLE_ROUTES_SOURCE');
  if (source !== 'osrm' && source !== 'google') return undefined;
  const profiles = values.get('WAGGLE_ROUTES_PROFILES') as string | undefined;
  return {
    source,
    url: (values.get('WAGGLE_ROUTES_URL') as string | undefined) ?? GOOGLE_URL,
    key: (values.get('WAGGLE_ROUTES_KEY') as string | undefined) ?? '',
    traffic: values.get('WAGGLE_ROUTES_TRAFFIC') === 'aware',
    profiles: profiles === undefined ? undefined : parseProfiles(profiles),
    timeoutMs: values.get('WAGGLE_ROUTES_TIMEOUT_MS') as number,
    requestsPerSecond: values.get('WAGGLE_ROUTES_REQUESTS_PER_SECOND') as number,
    holdsMs: values.get('WAGGLE_ROUTES_HOLD_MS') as number,
    elementsPerDay: values.get('WAGGLE_ROUTES_ELEMENTS_PER_DAY') as number,
  };
}

const PAIR = `(${VEHICLE_KINDS.join('|')}):[A-Za-z0-9_-]{1,32}`;
/** What the text of WAGGLE_ROUTES_PROFILES must match. */
export const PROFILES_PATTERN = new RegExp(`^${PAIR}(,${PAIR})*$`);

function parseProfiles(text: string): Partial<Record<VehicleKind, string>> {
  return Object.fromEntries(text.split(',').map((pair) => pair.split(':')));
}
