/**
 * Distances inside a zone, on the local plane that its configuration carries. Only +, −, × and sqrt,
 * so every machine computes the same metres.
 */
import type { PointE7 } from '../../contracts/geo.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';

export class Plane {
  private readonly latE7: number;
  private readonly lonE7: number;
  private readonly xPerE7: number;
  private readonly yPerE7: number;

  constructor(plane: ZoneConfig['plane']) {
    this.latE7 = plane.latE7;
    this.lonE7 = plane.lonE7;
    this.xPerE7 = plane.xPerE7;
    this.yPerE7 = plane.yPerE7;
  }

  /** Metres east of the zone's origin. */
  x(lonE7: number): number {
    return (lonE7 - this.lonE7) * this.xPerE7;
  }

  /** Metres north of the zone's origin. */
  y(latE7: number): number {
    return (latE7 - this.latE7) * this.yPerE7;
  }

  /** Straight-line metres between two points. */
  meters(a: PointE7, b: PointE7): number {
    const dx = (a.lonE7 - b.lonE7) * this.xPerE7;
    const dy = (a.latE7 - b.latE7) * this.yPerE7;
    return Math.sqrt(dx * dx + dy * dy);
  }
}
