/** Turns what an app says it did into a deed the zone takes: profile from the token, cell from H3. */
import type { DriverDeed, DriverProfile } from '../../contracts/commands.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { VehicleId } from '../../contracts/ids.ts';
import type { WireDeed } from '../../contracts/wire/messages.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import type { DriverClaims } from '../../platform/auth/tokens.ts';

/** Throws WaggleError: `driver.not_approved`, or `request.invalid` for a vehicle of somebody else. */
export function deedOf(deed: WireDeed, claims: DriverClaims): DriverDeed {
  if (deed.kind !== 'duty') return deed;
  const { duty } = deed;
  const at = deed.at ? placeOf(deed.at.lat, deed.at.lon) : undefined;
  const profile = deed.vehicle === undefined ? undefined : profileOf(deed.vehicle, claims);
  if (duty === 'available' && !claims.approved) throw new WaggleError('driver.not_approved');
  return { kind: 'duty', duty, ...(profile ? { profile } : {}), ...(at ? { at } : {}) };
}

function profileOf(id: VehicleId, claims: DriverClaims): DriverProfile {
  const vehicle = claims.vehicles.find((each) => each.id === id);
  if (!vehicle) {
    const field = { field: '/deed/vehicle', expected: 'a vehicle of this driver' };
    throw new WaggleError('request.invalid', undefined, [field]);
  }
  return {
    driver: claims.id,
    ...(claims.fleet === undefined ? {} : { fleet: claims.fleet }),
    vehicle: vehicle.id,
    vehicleKind: vehicle.kind,
    capacity: vehicle.capacity,
    skills: claims.skills,
  };
}
