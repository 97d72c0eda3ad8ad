/**
 * Reads recorded trips from CSV, gzipped or not. Columns are found by name, so others may stand
 * between them; the first thing wrong is named by line and field, and nothing is returned then.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Place } from '../../contracts/geo.ts';
import { placeOf } from '../geometry.ts';

export interface RecordedTrip {
  /** Unix seconds UTC. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly from: Place;
  readonly to: Place;
}

export const COLUMNS = [
  'pickup_ts',
  'dropoff_ts',
  'pickup_lat',
  'pickup_lon',
  'dropoff_lat',
  'dropoff_lon',
] as const;
type ColumnName = (typeof COLUMNS)[number];
type Header = Readonly<Record<ColumnName, number>>;

/** Trips one run takes: memory is about 200 bytes for each. */
export const TRIPS_MAX = 5_000_000;
const LINE_CHARS_MAX = 1_000;
const PLAIN_NUMBER = /^-?\d+(\.\d+)?$/;
/** Year 2100: a time past it is milliseconds or nonsense. */
const UNIX_SECONDS_MAX = 4_102_444_800;

/** What is wrong with a file of trips, and where. */
export class TripsError extends Error {}

/** All trips of a file. Throws TripsError naming line and field of the first problem. */
export async function readTrips(path: string): Promise<RecordedTrip[]> {
  const lines = createInterface({ input: await openText(path), crlfDelay: Infinity });
  const trips: RecordedTrip[] = [];
  let header: Header | undefined;
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.length > LINE_CHARS_MAX) throw new TripsError(`line ${number}: too long for a trip`);
    if (header === undefined) header = readHeader(line);
    else if (line !== '') trips.push(readTrip(line, number, header));
    if (trips.length > TRIPS_MAX) throw new TripsError(`more than ${TRIPS_MAX} trips`);
  }
  if (header === undefined) throw new TripsError('the file is empty');
  if (trips.length === 0) throw new TripsError('the file has a header but no trips');
  return trips;
}

async function openText(path: string): Promise<NodeJS.ReadableStream> {
  const file = await open(path);
  const magic = Buffer.alloc(2);
  try {
    await file.read(magic, 0, 2, 0);
  } finally {
    await file.close();
  }
  const bytes = createReadStream(path);
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return bytes;
  const text = createGunzip();
  // A pipe does not carry errors on: the reader of the lines must hear of both ends.
  bytes.on('error', (error) => text.destroy(error));
  return bytes.pipe(text);
}

function readHeader(line: string): Header {
  const names = line
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((name) => name.trim());
  const missing = COLUMNS.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new TripsError(`line 1: column ${missing.join(', ')} is missing`);
  return Object.fromEntries(COLUMNS.map((name) => [name, names.indexOf(name)])) as Header;
}

function readTrip(line: string, number: number, header: Header): RecordedTrip {
  const fields = line.split(',');
  const read = (name: ColumnName, min: number, max: number): number => {
    const text = fields[header[name]]?.trim() ?? '';
    const value = PLAIN_NUMBER.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      const found = text === '' ? 'nothing' : JSON.stringify(text.slice(0, 40));
      throw new TripsError(
        `line ${number}: ${name} must be a number from ${min} to ${max}, found ${found}`,
      );
    }
    return value;
  };
  const startSeconds = read('pickup_ts', 0, UNIX_SECONDS_MAX);
  const endSeconds = read('dropoff_ts', 0, UNIX_SECONDS_MAX);
  if (endSeconds <= startSeconds) {
    throw new TripsError(`line ${number}: dropoff_ts must be later than pickup_ts`);
  }
  const from = placeOf(read('pickup_lat', -90, 90), read('pickup_lon', -180, 180));
  const to = placeOf(read('dropoff_lat', -90, 90), read('dropoff_lon', -180, 180));
  return { startSeconds, endSeconds, from, to };
}
