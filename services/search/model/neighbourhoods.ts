/**
 * Where documents stand in the read model: numbers are given out in runs, each of one neighbourhood,
 * so that what is near each other in the city is near each other in every list. A search around a
 * place looks only at the runs of neighbourhoods from which somebody delivers there.
 */
import { latLngToCell } from 'h3-js';
import type { PointE7 } from '../../../contracts/geo.ts';
import type { Box } from '../reach.ts';

/** H3 resolution: hexagons of about 5 km². */
const RESOLUTION = 7;
const FIRST_RUN = 32;

export interface Neighbourhood {
  /** First number and the one behind the last, run by run. */
  readonly runs: (readonly [from: number, to: number])[];
  readonly free: number[];
  readonly vendors: Set<number>;
  /** Holds the reach of all its vendors. Only grows: after changes it may hold more. */
  box: Box;
  documents: number;
}

const NOWHERE: Box = {
  southE7: Number.POSITIVE_INFINITY,
  westE7: Number.POSITIVE_INFINITY,
  northE7: Number.NEGATIVE_INFINITY,
  eastE7: Number.NEGATIVE_INFINITY,
};

export class Neighbourhoods {
  private readonly byCell = new Map<string, Neighbourhood>();
  private handedOut = 0;

  /** One more than the largest number given out so far. */
  get documentsEnd(): number {
    return this.handedOut;
  }

  at({ latE7, lonE7 }: PointE7): Neighbourhood {
    const cell = latLngToCell(latE7 / 1e7, lonE7 / 1e7, RESOLUTION);
    let found = this.byCell.get(cell);
    if (found === undefined) {
      found = { runs: [], free: [], vendors: new Set(), box: NOWHERE, documents: 0 };
      this.byCell.set(cell, found);
    }
    return found;
  }

  /** Makes room for so many documents in one run. */
  reserve(place: Neighbourhood, count: number): void {
    const from = this.handedOut;
    this.handedOut += count;
    place.runs.push([from, from + count]);
    for (let number = from + count - 1; number >= from; number--) place.free.push(number);
  }

  /** A number for a document of this neighbourhood. */
  take(place: Neighbourhood): number {
    if (place.free.length === 0) this.reserve(place, Math.max(FIRST_RUN, place.documents >> 1));
    place.documents++;
    return place.free.pop() as number;
  }

  give(place: Neighbourhood, number: number): void {
    place.documents--;
    place.free.push(number);
  }

  settle(place: Neighbourhood, vendor: number, reach: Box): void {
    place.vendors.add(vendor);
    place.box = {
      southE7: Math.min(place.box.southE7, reach.southE7),
      westE7: Math.min(place.box.westE7, reach.westE7),
      northE7: Math.max(place.box.northE7, reach.northE7),
      eastE7: Math.max(place.box.eastE7, reach.eastE7),
    };
  }

  all(): IterableIterator<Neighbourhood> {
    return this.byCell.values();
  }
}
