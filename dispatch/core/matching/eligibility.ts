/** Who may carry what: one list of reasons, used by matching, by ops and by explanations. */
import type { Delivery, Driver } from '../records.ts';

export const INELIGIBLE = [
  'off_duty',
  'leaving',
  'silent',
  'has_offer',
  'stalled',
  'resting',
  'unreachable',
  'vehicle',
  'skill',
  'fleet',
  'cool_down',
] as const;
export type Ineligible = (typeof INELIGIBLE)[number];

/** Why this driver may not have this delivery by who they are; null when it may. */
export function eligibility(
  driver: Driver,
  delivery: Delivery,
  atMs: number,
  options: { readonly coolDowns: boolean } = { coolDowns: true },
): Ineligible | null {
  const { vehicles, skills, fleets } = delivery.request;
  const { profile } = driver;
  if (vehicles && !vehicles.includes(profile.vehicleKind)) return 'vehicle';
  if (skills?.some((skill) => !profile.skills.includes(skill))) return 'skill';
  if (fleets && (profile.fleet === undefined || !fleets.includes(profile.fleet))) return 'fleet';
  if (!options.coolDowns) return null;
  const cool = delivery.coolDowns.find(([id]) => id === driver.id);
  return cool && cool[1] > atMs ? 'cool_down' : null;
}

/**
 * Why a driver may get no offer at all right now; null when it may. Without `atMs` a driver who rests
 * counts as available: the live index follows events, and no event ends a rest.
 */
export function availability(driver: Driver, asks: boolean, atMs?: number): Ineligible | null {
  if (driver.duty !== 'available') return 'off_duty';
  if (driver.leaving) return 'leaving';
  if (driver.silence !== 'live') return 'silent';
  if (driver.offer !== null) return 'has_offer';
  if (driver.stall) return 'stalled';
  if (atMs !== undefined && (driver.restUntilMs ?? 0) > atMs) return 'resting';
  if (asks && driver.presence === null) return 'unreachable';
  return null;
}
