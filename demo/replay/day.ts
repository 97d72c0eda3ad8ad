/** Recognises the format of a directory with a real day, and reads it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../scenario.ts';
import { readGrubhub } from './grubhub.ts';
import { readRappi } from './rappi.ts';
import { DataError } from './table.ts';

/**
 * Reads a day of either format.
 * @throws DataError with one line for the person who gave the directory
 */
export function readDay(directory: string, speed: number): Scenario {
  if (existsSync(join(directory, 'instance_parameters.txt'))) return readGrubhub(directory, speed);
  if (existsSync(join(directory, 'orders.csv.gz'))) return readRappi(directory, speed);
  throw new DataError(
    { file: directory },
    'a Grubhub instance (instance_parameters.txt, orders.txt, couriers.txt, restaurants.txt) or a ' +
      'city-day (orders.csv.gz, couriers.csv.gz)',
  );
}
