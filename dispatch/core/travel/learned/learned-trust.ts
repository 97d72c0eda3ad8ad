/**
 * How far the networks are believed, against the plain pace of the vehicle: by the record of both on
 * the trips that ended. The better one gets nearly everything, two alike share. So a young model does
 * no harm, and where distance and speed are exact they stay.
 */
import { VEHICLE_KINDS } from '../../../../contracts/states.ts';
import type { Column, Columns } from './learned-columns.ts';

/** Trips that a record counts, so that it follows. */
const RECORD_TRIPS = 300;

export class LearnedTrust {
  /** Per vehicle: trips, mean absolute error of the plain pace and of the networks, seconds. */
  private readonly record: Column<Float64Array>;

  constructor(columns: Columns) {
    this.record = columns.add(Float64Array, 1, 3 * VEHICLE_KINDS.length);
  }

  /** 0 to 1: the part of the networks in an answer. */
  share(vehicle: number): number {
    const record = this.record.read(0);
    const plain = eighth(record[3 * vehicle + 1] as number);
    const networks = eighth(record[3 * vehicle + 2] as number);
    return plain > 0 ? plain / (plain + networks) : 0;
  }

  /** Takes in by how many seconds each was wrong on a trip. */
  learn(vehicle: number, plainMiss: number, networksMiss: number): void {
    const record = this.record.write(0);
    const at = 3 * vehicle;
    const trips = (record[at] as number) + 1;
    const rate = Math.max(1 / RECORD_TRIPS, 1 / trips);
    record[at] = trips;
    follow(record, at + 1, plainMiss, rate);
    follow(record, at + 2, networksMiss, rate);
  }
}

function follow(values: Float64Array, at: number, value: number, rate: number): void {
  values[at] = (values[at] as number) + rate * (value - (values[at] as number));
}

function eighth(value: number): number {
  const square = value * value;
  return square * square * square * square;
}
