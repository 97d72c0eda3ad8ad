/** The problem's rules as the configuration of a zone: nothing else makes a run differ from production. */
import {
  DEFAULT_POLICY,
  DEFAULT_WEIGHTS,
  type Weights,
  type ZoneConfig,
  type ZonePolicy,
} from '../../contracts/zone.ts';
import type { Atlas } from './atlas.ts';
import { type Instance, InstanceError } from './instance.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface Tuning {
  readonly policy?: Partial<ZonePolicy>;
  readonly weights?: Partial<Weights>;
}

/**
 * Reads tuning that was given as JSON. Throws InstanceError on names that the zone does not know, and
 * on values that are not whole numbers from zero up (or true and false, where that is what it takes).
 */
export function readTuning(policy: string, weights: string): Tuning {
  return {
    policy: readPart('policy', policy, DEFAULT_POLICY),
    weights: readPart('weights', weights, DEFAULT_WEIGHTS),
  };
}

function readPart<T extends object>(name: string, text: string, known: T): Partial<T> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new InstanceError(`--${name}: not JSON: ${text}`);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InstanceError(`--${name}: an object is needed`);
  }
  const defaults = new Map<string, unknown>(Object.entries(known));
  for (const [key, value] of Object.entries(given)) {
    const kind = typeof defaults.get(key);
    if (kind !== 'number' && kind !== 'boolean') {
      throw new InstanceError(`--${name}: ${key} cannot be set`);
    }
    const fits = kind === 'number' ? Number.isSafeInteger(value) && Number(value) >= 0 : true;
    if (typeof value !== kind || !fits) {
      throw new InstanceError(`--${name}: ${key} cannot be ${JSON.stringify(value)}`);
    }
  }
  return given as Partial<T>;
}

/**
 * The zone of an instance. Drivers never refuse, leave as late as the ready time allows, visit one
 * vendor in a run, and learn what they carry when they pick it up.
 */
export function zoneOf(instance: Instance, atlas: Atlas, tuning: Tuning = {}): ZoneConfig {
  const half = (minutes: number) => Math.round((minutes * MINUTE_MS) / 2);
  return {
    id: 'zon_01900000-0000-7000-8000-000000000001',
    market: 'mkt_01900000-0000-7000-8000-000000000001',
    shard: 0,
    version: 1,
    currency: 'USD',
    timeZone: 'UTC',
    ...atlas.geometry(),
    weights: {
      ...DEFAULT_WEIGHTS,
      // What is late counts a tenth more: overage falls by more than the mean rises.
      latePerMille: 100,
      travelPerMille: 0,
      // Nobody counts a courier's waiting; it only is not there for others.
      driverWaitPerMille: 100,
      ...tuning.weights,
    },
    policy: {
      ...DEFAULT_POLICY,
      autoAssign: true,
      roundMs: MINUTE_MS,
      radiusMeters: 50_000,
      explain: false,
      searchSteps: 800,
      candidatesMax: 24,
      stackMax: 5,
      stackRadiusMeters: 0,
      // The problem knows no limit of its own on riding together.
      detourMsMax: 24 * 60 * MINUTE_MS,
      foodAgeMsMax: 24 * 60 * MINUTE_MS,
      arriveEarlyMs: 0,
      joinBeforeMs: 0,
      joinAboard: false,
      // The instance says how long every way takes.
      learnTravel: false,
      repositionMsMax: 10 * MINUTE_MS,
      pickupServiceMs: half(instance.pickupService),
      pickupLeaveMs: half(instance.pickupService),
      dropoffServiceMs: half(instance.dropoffService),
      dropoffLeaveMs: half(instance.dropoffService),
      // Orders are for nobody to give up on but the day's end.
      giveUpMs: DAY_MS,
      aboardMsMax: DAY_MS,
      unassignedRaiseMs: 0,
      vendorLateMs: 0,
      staleMs: DAY_MS,
      suspendMs: DAY_MS,
      ...tuning.policy,
    },
  };
}
