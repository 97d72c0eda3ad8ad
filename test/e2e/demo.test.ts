/**
 * The main job, seen from outside: one command starts everything, a city and a real day are played
 * through the public doors, processes are killed, and nothing that was promised is lost.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { projectRoot } from '../../launch/paths.ts';
import { findFreePorts } from '../../launch/ports.ts';
import { withFolder } from '../support/folder.ts';

const RUN_MS_MAX = 240_000;

interface Result {
  readonly orders: Readonly<
    Record<'placed' | 'delivered' | 'cancelled' | 'failed' | 'open', number>
  >;
  readonly sagas: Readonly<Record<string, number>>;
  readonly market?: {
    readonly searched: number;
    readonly found: number;
    readonly kitchens: { readonly accepted: number };
  };
  readonly offers: Readonly<Record<string, number>>;
  readonly positions: Readonly<Record<'sent' | 'indexed' | 'dropped', number>>;
  readonly clickToDoorMs: { readonly p50: number | null };
  readonly takeovers: readonly number[];
  readonly lost: number;
  readonly lostDetails?: readonly string[];
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `npm start` as a newcomer would, with a state folder and ports of its own. */
async function start(t: TestContext, stateDir: string, argv: readonly string[]): Promise<Ended> {
  const [api, gateway] = await findFreePorts(2);
  const env = {
    ...process.env,
    WAGGLE_STATE_DIR: stateDir,
    WAGGLE_API_PORT: String(api),
    WAGGLE_GATEWAY_PORT: String(gateway),
    REDIS_URL: '',
    DATABASE_URL: '',
  };
  const main = join(projectRoot, 'launch', 'start.ts');
  const child = spawn(process.execPath, [main, ...argv], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), RUN_MS_MAX);
  t.after(() => child.kill('SIGTERM'));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, ...output };
}

function resultOf({ code, stdout, stderr }: Ended): Result {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  assert.ok(line.startsWith('{'), `no summary at the end (exit ${code}):\n${stderr.slice(-4_000)}`);
  return JSON.parse(line) as Result;
}

function assertNothingLost(ended: Ended, result: Result): void {
  assert.deepEqual(result.lostDetails ?? [], []);
  assert.equal(result.lost, 0);
  assert.equal(result.orders.open, 0);
  assert.equal(ended.code, 0, ended.stderr.slice(-4_000));
}

/** A small real day: two restaurants, six couriers, twelve orders in twelve minutes. */
function writeDay(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const write = (name: string, rows: readonly (readonly (string | number)[])[]): void =>
    writeFileSync(join(directory, name), rows.map((row) => `${row.join('\t')}\n`).join(''));
  const parameters = ['meters_per_minute', 'pickup service minutes', 'dropoff service minutes'];
  write('instance_parameters.txt', [
    [...parameters, 'target click-to-door'],
    [320, 4, 4, 40],
  ]);
  write('restaurants.txt', [
    ['restaurant', 'x', 'y'],
    ['r1', 1000, 1000],
    ['r2', 2600, 1400],
  ]);
  const couriers = Array.from({ length: 6 }, (_, index) => [
    `c${index}`,
    500 * index,
    900,
    600,
    720,
  ]);
  write('couriers.txt', [['courier', 'x', 'y', 'on_time', 'off_time'], ...couriers]);
  const orders = Array.from({ length: 12 }, (_, index) => {
    const placed = 602 + index;
    return [`o${index}`, 400 * (index % 8), 2_000, placed, `r${1 + (index % 2)}`, placed + 8];
  });
  const head = ['order', 'x', 'y', 'placement_time', 'restaurant', 'ready_time'];
  write('orders.txt', [head, ...orders]);
}

describe('npm start', { timeout: 3 * RUN_MS_MAX }, () => {
  it('plays a city: orders are delivered, offers answered, positions indexed', async (t) => {
    const stateDir = withFolder(t);
    const flags = ['--seconds', '12', '--json', '--speed', '40', '--drivers', '16'];
    const ended = await start(t, stateDir, [...flags, '--orders-per-minute', '60']);
    const result = resultOf(ended);
    assertNothingLost(ended, result);
    assert.ok(result.orders.placed >= 6, `${result.orders.placed} orders`);
    assert.ok(result.orders.delivered >= result.orders.placed * 0.8);
    assert.ok((result.offers.accepted ?? 0) > 0);
    assert.ok(result.positions.indexed > 0);
    assert.ok((result.clickToDoorMs.p50 ?? 0) > 0);
    assert.equal(result.sagas.delivered, result.orders.delivered);
    assert.ok((result.market?.kitchens.accepted ?? 0) > 0, 'a kitchen answered by hand');
    // With a letter missing, hardly any vendor is not found.
    const { searched = 0, found = 0 } = result.market ?? {};
    assert.ok(found >= searched * 0.9, `${found} of ${searched} searches found their vendor`);
  });

  it('plays on when its stores are killed: they come back with their data', async (t) => {
    const flags = ['--seconds', '14', '--json', '--speed', '40', '--drivers', '16'];
    const kills = ['--kill', 'redis@4', '--kill', 'postgres@8'];
    const ended = await start(t, withFolder(t), [...flags, '--orders-per-minute', '60', ...kills]);
    const result = resultOf(ended);
    assertNothingLost(ended, result);
    assert.match(ended.stderr, /Redis ended unasked/);
    assert.match(ended.stderr, /PostgreSQL ended unasked/);
    assert.ok(result.orders.delivered >= result.orders.placed * 0.8);
  });

  it('plays a real day while the owner of its shard and the gateway are killed', async (t) => {
    const stateDir = withFolder(t);
    const day = join(stateDir, 'small-day');
    writeDay(day);
    const kills = ['--kill', 'dispatch@6', '--kill', 'gateway@14', '--kill', 'orders@9'];
    const ended = await start(t, stateDir, ['--replay', day, '--speed', '60', '--json', ...kills]);
    const result = resultOf(ended);
    assertNothingLost(ended, result);
    assert.equal(result.orders.placed, 12);
    assert.equal(result.orders.delivered, 12);
    assert.ok(result.takeovers.length >= 1, 'the shard was taken over');
  });

  it('names what is wrong in a bad day, and starts nothing', async (t) => {
    const stateDir = withFolder(t);
    const day = join(stateDir, 'bad-day');
    writeDay(day);
    writeFileSync(join(day, 'couriers.txt'), 'courier\tx\ty\ton_time\noff\t1\t1\t1\n');
    const ended = await start(t, stateDir, ['--replay', day]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /^demo: couriers\.txt line 1, field off_time: expected a column/);
  });
});
