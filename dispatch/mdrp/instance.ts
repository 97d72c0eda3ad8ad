/**
 * Reads an instance of the Meal Delivery Routing Problem (Reyes et al. 2018): tab-separated files,
 * times in minutes, places in metres. Owns their validation: a file that is not what it should be is
 * refused with its name and line, before anything runs.
 */
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

export class InstanceError extends Error {}

export interface Spot {
  /** Metres. */
  readonly x: number;
  readonly y: number;
}

export interface Vendor extends Spot {
  readonly name: string;
}

/** A courier; its shift in minutes. */
export interface Courier extends Spot {
  readonly name: string;
  readonly on: number;
  readonly off: number;
}

/** An order; minutes. It is known from `placed` on, with its ready time. */
export interface Order extends Spot {
  readonly name: string;
  readonly vendor: Vendor;
  readonly placed: number;
  readonly ready: number;
  /** What is told of the ready time, where that is only an estimate. */
  readonly told?: number;
}

export interface Instance {
  readonly name: string;
  readonly metersPerMinute: number;
  readonly pickupService: number;
  readonly dropoffService: number;
  /** Click-to-door that customers are promised, minutes. */
  readonly target: number;
  readonly payPerOrder: number;
  readonly payPerHour: number;
  readonly vendors: readonly Vendor[];
  readonly couriers: readonly Courier[];
  /** By placement time, then as in the file. */
  readonly orders: readonly Order[];
}

/** Most rows of one file; an instance is a day of a city. */
const ROWS_MAX = 200_000;
/** Minutes: a week. */
const MINUTES_MAX = 10_080;

/** Reads the four files of a folder. Throws InstanceError with file and line. */
export function readInstance(folder: string): Instance {
  const [parameters, ...more] = new Table(folder, 'instance_parameters.txt').rows;
  if (!parameters || more.length > 0) {
    throw new InstanceError(`${folder}/instance_parameters.txt: one row of values is needed`);
  }
  const vendors = new Table(folder, 'restaurants.txt').rows.map((row) => ({
    name: row.text('restaurant'),
    ...spot(row),
  }));
  if (vendors.length === 0) throw new InstanceError(`${folder}/restaurants.txt: no restaurant`);
  const byName = named(folder, 'restaurants.txt', vendors);
  const couriers = new Table(folder, 'couriers.txt').rows.map((row) => {
    const on = row.minute('on_time');
    const off = row.minute('off_time');
    if (off < on) throw row.problem(`off_time ${off} is before on_time ${on}`);
    return { name: row.text('courier'), ...spot(row), on, off };
  });
  named(folder, 'couriers.txt', couriers);
  const orders = new Table(folder, 'orders.txt').rows.map((row): Order => {
    const vendor = byName.get(row.text('restaurant'));
    if (!vendor) throw row.problem(`restaurant ${row.text('restaurant')} is unknown`);
    const placed = row.minute('placement_time');
    const ready = row.minute('ready_time');
    if (ready < placed) throw row.problem(`ready_time ${ready} is before placement_time ${placed}`);
    return { name: row.text('order'), vendor, ...spot(row), placed, ready };
  });
  named(folder, 'orders.txt', orders);
  return {
    name: basename(resolve(folder)),
    metersPerMinute: parameters.positive('meters_per_minute'),
    pickupService: parameters.notNegative('pickup service minutes'),
    dropoffService: parameters.notNegative('dropoff service minutes'),
    target: parameters.notNegative('target click-to-door'),
    payPerOrder: parameters.notNegative('pay per order'),
    payPerHour: parameters.notNegative('guaranteed pay per hour'),
    vendors,
    couriers,
    orders: orders.sort((a, b) => a.placed - b.placed),
  };
}

function spot(row: Row): Spot {
  return { x: row.number('x'), y: row.number('y') };
}

function named<T extends { readonly name: string }>(
  folder: string,
  file: string,
  items: readonly T[],
): Map<string, T> {
  const map = new Map(items.map((item) => [item.name, item]));
  if (map.size !== items.length) throw new InstanceError(`${folder}/${file}: a name occurs twice`);
  return map;
}

class Table {
  readonly rows: Row[];

  constructor(folder: string, file: string) {
    const path = join(folder, file);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      throw new InstanceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const [header = '', ...lines] = text.trimEnd().split(/\r?\n/);
    if (lines.length > ROWS_MAX) throw new InstanceError(`${path}: more than ${ROWS_MAX} rows`);
    const columns = header.split('\t').map((name) => name.trim());
    this.rows = lines.map((line, n) => {
      const cells = line.split('\t').map((cell) => cell.trim());
      return new Row(`${path}:${n + 2}`, columns, cells);
    });
  }
}

class Row {
  private readonly where: string;
  private readonly columns: readonly string[];
  private readonly cells: readonly string[];

  constructor(where: string, columns: readonly string[], cells: readonly string[]) {
    this.where = where;
    this.columns = columns;
    this.cells = cells;
  }

  problem(what: string): InstanceError {
    return new InstanceError(`${this.where}: ${what}`);
  }

  text(column: string): string {
    const at = this.columns.indexOf(column);
    if (at < 0) throw this.problem(`the column ${column} is missing`);
    const cell = this.cells[at];
    if (cell === undefined || cell === '' || /\s/.test(cell)) {
      throw this.problem(`${column} is empty or has a space in it`);
    }
    return cell;
  }

  number(column: string): number {
    const text = this.text(column);
    const value = Number(text);
    if (!Number.isFinite(value)) throw this.problem(`${column} is not a number: ${text}`);
    return value;
  }

  notNegative(column: string): number {
    const value = this.number(column);
    if (value < 0) throw this.problem(`${column} is negative: ${value}`);
    return value;
  }

  positive(column: string): number {
    const value = this.notNegative(column);
    if (value === 0) throw this.problem(`${column} is zero`);
    return value;
  }

  minute(column: string): number {
    const value = this.notNegative(column);
    if (!Number.isInteger(value) || value > MINUTES_MAX) {
      throw this.problem(`${column} is not a whole minute up to ${MINUTES_MAX}: ${value}`);
    }
    return value;
  }
}
