/** Travel time behind a port: today distance and speed, later learned cells, tables or OSRM. */
import type { PointE7 } from '../../contracts/geo.ts';
import type { VehicleKind } from '../../contracts/states.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';
import { Plane } from './plane.ts';

export interface TravelTime {
  /** Zone ms from one point to another, leaving at `departMs`. Integer, never negative. */
  ms(from: PointE7, to: PointE7, vehicle: VehicleKind, departMs: number): number;
}

/** Straight line × detour ÷ speed of the vehicle, as the zone's policy says. */
export class DistanceSpeed implements TravelTime {
  private readonly plane: Plane;
  private readonly config: ZoneConfig;

  constructor(config: ZoneConfig) {
    this.plane = new Plane(config.plane);
    this.config = config;
  }

  ms(from: PointE7, to: PointE7, vehicle: VehicleKind): number {
    const { detourPerMille, speedMmps } = this.config.policy;
    // metres × per mille ÷ (mm/s) is seconds; × 1000 is ms.
    return Math.ceil((this.plane.meters(from, to) * detourPerMille * 1000) / speedMmps[vehicle]);
  }
}
