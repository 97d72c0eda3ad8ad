/** Owns the command line of the demo: the launcher hands its own options on in the same words. */
import { parseArgs } from 'node:util';

export interface KillPlan {
  /** Process or service; `dispatch` means the owner of the busiest shard. */
  readonly target: string;
  /** Wall seconds after the first order could be placed. */
  readonly atSeconds: number;
}

export interface DemoOptions {
  /** Wall seconds during which orders are placed; undefined: until told to stop. */
  readonly seconds: number | undefined;
  readonly json: boolean;
  /** Only reads the real day, so that a bad file is known before anything is started. */
  readonly check: boolean;
  readonly replay: string | undefined;
  readonly drivers: number;
  /** Orders per wall minute. */
  readonly ordersPerMinute: number;
  readonly kills: readonly KillPlan[];
  readonly seed: number;
  readonly speed: number;
}

export const DRIVERS_DEFAULT = 80;
export const ORDERS_PER_MINUTE_DEFAULT = 120;
const DRIVERS_MAX = 20_000;
const ORDERS_PER_MINUTE_MAX = 20_000;
const SECONDS_MAX = 86_400;

/** Thrown with one line for the person who typed the options. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** Reads the options. Throws OptionError for the first that is wrong. */
export function readOptions(argv: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string' },
      json: { type: 'boolean' },
      check: { type: 'boolean' },
      replay: { type: 'string' },
      drivers: { type: 'string' },
      'orders-per-minute': { type: 'string' },
      kill: { type: 'string', multiple: true },
      seed: { type: 'string' },
      speed: { type: 'string' },
    },
  });
  return {
    seconds: number('--seconds', values.seconds, 1, SECONDS_MAX),
    json: values.json === true,
    check: values.check === true,
    replay: values.replay,
    drivers: Math.round(number('--drivers', values.drivers, 1, DRIVERS_MAX) ?? DRIVERS_DEFAULT),
    ordersPerMinute:
      number('--orders-per-minute', values['orders-per-minute'], 0.1, ORDERS_PER_MINUTE_MAX) ??
      ORDERS_PER_MINUTE_DEFAULT,
    kills: (values.kill ?? []).map(killPlan),
    seed: Math.round(number('--seed', values.seed, 0, 0xffffffff) ?? 1),
    speed: number('--speed', values.speed, 0.1, 1_000) ?? 20,
  };
}

function number(name: string, text: string | undefined, min: number, max: number) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new OptionError(`${name} ${text}: expected a number from ${min} to ${max}`);
}

function killPlan(text: string): KillPlan {
  const [, target, seconds] = /^([a-z][a-z0-9-]*)@(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (target && seconds) return { target, atSeconds: Number(seconds) };
  throw new OptionError(`--kill ${text}: expected NAME@SECONDS, like dispatch@20`);
}
