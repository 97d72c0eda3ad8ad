/**
 * The places of one round and the travel times between them. A search asks for the same few hundred
 * pairs some hundred thousand times; here each is asked of the port once, as of the round's time.
 */
import type { VehicleKind } from '../../../contracts/states.ts';
import type { CellPoint, TravelTime } from '../travel/travel-time.ts';

/** Beyond this many places (4 MiB per vehicle kind) every answer is asked of the port. */
const TABLE_PLACES_MAX = 1_000;
const UNKNOWN = -1;

export class Places {
  private readonly points: CellPoint[] = [];
  private readonly known = new Map<number, Map<number, number>>();
  private readonly tables = new Map<VehicleKind, Int32Array>();
  private readonly travel: TravelTime;
  private readonly atMs: number;
  private width = 0;

  /** @param atMs the zone time of the round */
  constructor(travel: TravelTime, atMs: number) {
    this.travel = travel;
    this.atMs = atMs;
  }

  /** The index of a place; the same for the same point. Points must not change afterwards. */
  indexOf(point: CellPoint): number {
    let row = this.known.get(point.latE7);
    if (!row) {
      row = new Map();
      this.known.set(point.latE7, row);
    }
    const found = row.get(point.lonE7);
    if (found !== undefined) return found;
    row.set(point.lonE7, this.points.length);
    this.points.push(point);
    return this.points.length - 1;
  }

  point(index: number): CellPoint {
    const point = this.points[index];
    if (!point) throw new Error(`places: no place ${index}`);
    return point;
  }

  /** The travel times of a vehicle kind by index. Places must not grow any more. */
  tableOf(vehicle: VehicleKind): TravelTable {
    if (this.width === 0) this.width = this.points.length;
    if (this.width !== this.points.length) throw new Error('places: grew after a table was made');
    if (this.width > TABLE_PLACES_MAX) {
      return { ms: (from, to) => this.ask(from, to, vehicle) };
    }
    let table = this.tables.get(vehicle);
    if (!table) {
      table = new Int32Array(this.width * this.width).fill(UNKNOWN);
      this.tables.set(vehicle, table);
    }
    const { width } = this;
    const times = table;
    return {
      ms: (from, to) => {
        const at = from * width + to;
        const known = times[at] as number;
        if (known !== UNKNOWN) return known;
        const asked = this.ask(from, to, vehicle);
        times[at] = asked;
        return asked;
      },
    };
  }

  private ask(from: number, to: number, vehicle: VehicleKind): number {
    return this.travel.ms(this.point(from), this.point(to), vehicle, this.atMs);
  }
}

/** Travel times between places by index, zone ms. */
export interface TravelTable {
  ms(from: number, to: number): number;
}
