/**
 * Writes a golden log and snapshot of the core as it is now: `node test/golden/write-core.ts v1`. Run it
 * once per event or snapshot version, when that version is released; never over an older one. The
 * test reads every version that is here, so that a node always reads what an older one wrote.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyShard, encodeCopy } from '../../dispatch/core/index.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld } from '../support/core-world.ts';

const [name] = process.argv.slice(2);
if (!name || !/^v\d+$/.test(name)) throw new Error('give the version: v1, v2, …');
const directory = join(import.meta.dirname, 'core', name);
if (existsSync(directory)) throw new Error(`${name} is written; the past is not written twice`);

/** A day in small: every kind of end, refusals, controls, ops, silence, a hand-over under way. */
function playEverything(world: CoreWorld): void {
  const drivers = [0.2, 0.4, 0.6, 0.8].map((u, n) => world.join(n + 1, place(u, 0.5)));
  for (let n = 1; n <= 12; n++) {
    const wanted = request(n, {
      pickup: place(0.2 + n / 20, 0.5),
      dropoff: place(0.5, 0.2 + n / 20),
      placedMs: world.nowMs,
      readyMs: world.nowMs + n * 60_000,
      ifUndeliverable: n % 2 ? 'return' : 'discard',
      ...(n === 12 ? { notBeforeMs: world.nowMs + 3_600_000 } : {}),
    });
    world.command({ type: 'delivery.request', number: 1, request: wanted });
  }
  const control = { kind: 'raise_pay', value: 20, actor: 'ops', reason: 'rain' } as const;
  world.command({
    type: 'zone.control',
    request: 'c1',
    control: { ...control, untilMs: world.nowMs + 1_800_000 },
  });
  world.command({
    type: 'delivery.cancel',
    number: 2,
    delivery: request(11).id,
    code: 'cancelled_by_customer',
    fault: 'customer',
  });
  for (let minute = 0; minute < 40; minute++) {
    world.round();
    world.wait(20_000);
    drivers.forEach((driver, n) => {
      workOn(world, driver, minute + n);
    });
    world.wait(40_000);
    world.timer();
  }
  world.command({ type: 'driver.strayed', driver: drivers[3] ?? '', to: `${zoneConfig(2).id}` });
}

/** One minute of a driver: answers its offer, does its next stop. */
function workOn(world: CoreWorld, driver: string, turn: number): void {
  const record = world.zone.driver(driver);
  if (record?.offer) {
    const deed =
      turn % 5 === 0
        ? ({ kind: 'decline', offer: record.offer, reason: 'too_far' } as const)
        : ({ kind: 'accept', offer: record.offer } as const);
    world.act(driver, deed);
    return;
  }
  const stop = record?.plan.stops[0];
  if (!stop) return;
  world.position(driver, stop);
  if (!stop.arrived) return void world.act(driver, { kind: 'arrived', delivery: stop.delivery });
  if (stop.kind === 'dropoff' && turn % 7 === 0) {
    const fault = { code: 'customer_unreachable', fault: 'customer' } as const;
    return void world.act(driver, { kind: 'undeliverable', delivery: stop.delivery, ...fault });
  }
  const kinds = { pickup: 'picked_up', dropoff: 'delivered', return: 'returned' } as const;
  world.act(driver, { kind: kinds[stop.kind], delivery: stop.delivery });
}

const world = new CoreWorld(zoneConfig());
playEverything(world);
mkdirSync(directory, { recursive: true });
const lines = world.log.map((entry) => JSON.stringify(entry));
writeFileSync(join(directory, 'log.jsonl'), `${lines.join('\n')}\n`);
writeFileSync(
  join(directory, 'snapshot.jsonl'),
  `${[...encodeCopy(copyShard(world.shard))].join('\n')}\n`,
);
