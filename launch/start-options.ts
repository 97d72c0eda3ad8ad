/**
 * Owns the options of `npm start`: reading them, and refusing each bad one with a line that names it.
 * What the city itself needs is handed on to it in the same words.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LaunchError } from './launch-error.ts';

/** The default lets a minute show many deliveries done; replays say their own. */
export const CITY_SPEED_DEFAULT = 20;
const SPEED_MIN = 0.1;
const SPEED_MAX = 1_000;
const SECONDS_MAX = 86_400;
const DRIVERS_MAX = 20_000;
const ORDERS_PER_MINUTE_MAX = 20_000;

export interface Kill {
  /** Process, service, or `dispatch` for the owner of the busiest shard. */
  readonly target: string;
  /** Host seconds after the city began. */
  readonly atSeconds: number;
}

export interface StartOptions {
  /** Host seconds to run; undefined: until Ctrl-C (city) or the end of the day (replay). */
  readonly seconds: number | undefined;
  readonly json: boolean;
  /** Zone milliseconds per host millisecond. */
  readonly speed: number;
  /** Absolute path of an instance or city-day. */
  readonly replay: string | undefined;
  readonly kills: readonly Kill[];
  readonly drivers: number | undefined;
  readonly ordersPerMinute: number | undefined;
  /** Leave the stack running after the city has ended, until Ctrl-C. */
  readonly keep: boolean;
  /** Forget the data of earlier runs first. */
  readonly fresh: boolean;
}

/** Reads the command line. Throws LaunchError with one line for the first option that is wrong. */
export function readStartOptions(argv: readonly string[]): StartOptions {
  const values = parse(argv);
  return {
    seconds: readNumber('--seconds', values.seconds, 1, SECONDS_MAX),
    json: values.json === true,
    speed: readNumber('--speed', values.speed, SPEED_MIN, SPEED_MAX) ?? CITY_SPEED_DEFAULT,
    replay: readReplay(values.replay),
    kills: (values.kill ?? []).map(readKill),
    drivers: readInteger('--drivers', values.drivers, 1, DRIVERS_MAX),
    ordersPerMinute: readNumber(
      '--orders-per-minute',
      values['orders-per-minute'],
      0.1,
      ORDERS_PER_MINUTE_MAX,
    ),
    keep: values.keep === true,
    fresh: values.fresh === true,
  };
}

/** The options as the city's own command line. */
export function cityArguments(options: StartOptions): string[] {
  const argv = ['--speed', String(options.speed)];
  if (options.seconds !== undefined) argv.push('--seconds', String(options.seconds));
  if (options.json) argv.push('--json');
  if (options.replay !== undefined) argv.push('--replay', options.replay);
  if (options.drivers !== undefined) argv.push('--drivers', String(options.drivers));
  if (options.ordersPerMinute !== undefined) {
    argv.push('--orders-per-minute', String(options.ordersPerMinute));
  }
  for (const { target, atSeconds } of options.kills) argv.push('--kill', `${target}@${atSeconds}`);
  return argv;
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seconds: { type: 'string' },
        json: { type: 'boolean' },
        speed: { type: 'string' },
        replay: { type: 'string' },
        kill: { type: 'string', multiple: true },
        drivers: { type: 'string' },
        'orders-per-minute': { type: 'string' },
        keep: { type: 'boolean' },
        fresh: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new LaunchError(`${message.split('. ')[0]}; see README.md for the options of start`);
  }
}

function readNumber(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max) {
    throw new LaunchError(`${name} ${text}: expected a number from ${min} to ${max}`);
  }
  return value;
}

function readInteger(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  const value = readNumber(name, text, min, max);
  if (value === undefined || Number.isInteger(value)) return value;
  throw new LaunchError(`${name} ${text}: expected a whole number`);
}

function readReplay(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const path = resolve(text);
  if (existsSync(path) && (statSync(path).isDirectory() || statSync(path).isFile())) return path;
  throw new LaunchError(`--replay ${text}: there is no such folder`);
}

function readKill(text: string): Kill {
  const match = /^([a-z][a-z0-9-]*)@(\d+(?:\.\d+)?)$/.exec(text);
  const [, target, seconds] = match ?? [];
  if (target === undefined || seconds === undefined) {
    throw new LaunchError(`--kill ${text}: expected NAME@SECONDS, like dispatch@20`);
  }
  return { target, atSeconds: Number(seconds) };
}
