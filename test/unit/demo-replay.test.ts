/** Reading real days: units, midnight, and where a bad file is wrong. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDay } from '../../demo/replay/day.ts';
import { metersBetween, travelMs } from '../../demo/travel.ts';

const GRUBHUB = {
  'instance_parameters.txt':
    'meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n',
  'restaurants.txt': 'restaurant\tx\ty\nr1\t0\t0\nr2\t3200\t0\n',
  'orders.txt':
    'order\tx\ty\tplacement_time\trestaurant\tready_time\no1\t3200\t0\t70\tr1\t80\no2\t0\t640\t65\tr2\t75\n',
  'couriers.txt': 'courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t60\t180\n',
};

const RAPPI = {
  'orders.csv.gz':
    'order_id,pick_up_lat,pick_up_lng,drop_off_lat,drop_off_lng,placement_time,preparation_time,ready_time,expected_drop_off_time\n' +
    '1,7.1,-73.1,7.11,-73.12,23:30:00,23:31:41,00:01:41,00:00:34\n' +
    '2,7.10001,-73.1,7.12,-73.1,12:00:00,12:01:00,12:20:00,12:30:00\n',
  'couriers.csv.gz':
    'courier_id,vehicle,on_lat,on_lng,on_time,off_time\n' +
    '1,motorcycle,7.1,-73.1,11:00:00,23:51:00\n2,walking,9.9,-73.1,22:00:00,02:00:00\n',
};

function day(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-day-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), name.endsWith('.gz') ? gzipSync(text) : text);
  }
  return directory;
}

describe('a Grubhub instance', () => {
  it('becomes a scenario in zone ms since its first event, orders by placement', (t) => {
    const scenario = readDay(day(t, GRUBHUB), 60);
    const orders = [scenario.orders(), scenario.orders(), scenario.orders()];
    assert.deepEqual(
      orders.map((order) => order && [order.key, order.placedMs, order.readyMs, order.promiseMs]),
      [
        ['o2', 5 * 60_000, 15 * 60_000, 45 * 60_000],
        ['o1', 10 * 60_000, 20 * 60_000, 50 * 60_000],
        null,
      ],
    );
    assert.deepEqual([scenario.couriers[0]?.onMs, scenario.couriers[0]?.offMs], [0, 120 * 60_000]);
    assert.equal(scenario.manners.pickupServiceMs, 4 * 60_000);
    assert.equal(scenario.orderCount, 2);
  });

  it('keeps distances, and travels them in whole minutes of the straight line', (t) => {
    const scenario = readDay(day(t, GRUBHUB), 60);
    const [a, b] = scenario.vendors;
    assert.ok(a && b);
    assert.ok(Math.abs(metersBetween(a.at, b.at) - 3200) < 3);
    assert.equal(travelMs(a.at, b.at, 'car', scenario.manners), 10 * 60_000);
  });

  const broken: [string, keyof typeof GRUBHUB, string, RegExp][] = [
    [
      'a missing column',
      'orders.txt',
      'order\tx\ty\trestaurant\tready_time\no1\t1\t1\tr1\t9\n',
      /^orders\.txt line 1, field placement_time: expected a column/,
    ],
    [
      'a ready time before placement',
      'orders.txt',
      `${GRUBHUB['orders.txt']}o3\t1\t1\t90\tr1\t80\n`,
      /^orders\.txt line 4, field ready_time: expected a time not before placement_time 90, found "80"/,
    ],
    [
      'an unknown restaurant',
      'orders.txt',
      `${GRUBHUB['orders.txt']}o3\t1\t1\t90\tr9\t95\n`,
      /^orders\.txt line 4, field restaurant: expected a restaurant of restaurants\.txt, found "r9"/,
    ],
    [
      'a word for a number',
      'couriers.txt',
      'courier\tx\ty\ton_time\toff_time\nc1\t0\tnorth\t60\t180\n',
      /^couriers\.txt line 2, field y: expected a number .*found "north"/,
    ],
    [
      'an empty value',
      'restaurants.txt',
      'restaurant\tx\ty\nr1\t\t0\n',
      /^restaurants\.txt line 2, field x: expected a value/,
    ],
    [
      'a short row',
      'restaurants.txt',
      'restaurant\tx\ty\nr1\t0\n',
      /^restaurants\.txt line 2, field y: expected 3 fields/,
    ],
    [
      'an id twice',
      'couriers.txt',
      `${GRUBHUB['couriers.txt']}c1\t0\t0\t60\t90\n`,
      /^couriers\.txt line 3, field courier: expected an id that no earlier line has/,
    ],
    [
      'a shift that ends before it begins',
      'couriers.txt',
      'courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t60\t50\n',
      /^couriers\.txt line 2, field off_time: expected a time after on_time 60/,
    ],
    [
      'no rows',
      'couriers.txt',
      'courier\tx\ty\ton_time\toff_time\n',
      /^couriers\.txt line 2: expected at least one row/,
    ],
  ];
  for (const [what, file, text, message] of broken) {
    it(`names file, line and field of ${what}`, (t) => {
      const directory = day(t, { ...GRUBHUB, [file]: text });
      assert.throws(() => readDay(directory, 60), { name: 'DataError', message });
    });
  }

  it('names a file that is not there', (t) => {
    const { 'couriers.txt': _, ...rest } = GRUBHUB;
    assert.throws(
      () => readDay(day(t, rest), 60),
      /^DataError: couriers\.txt: expected a readable file/,
    );
  });
});

describe('a city-day', () => {
  it('carries times past midnight on, and shares vendors by their door', (t) => {
    const scenario = readDay(day(t, RAPPI), 60);
    const noon = scenario.orders();
    const late = scenario.orders();
    assert.equal(scenario.vendors.length, 1);
    assert.equal(noon?.placedMs, 3_600_000);
    assert.equal(late && late.readyMs - late.placedMs, (31 * 60 + 41) * 1000);
    const [, walker] = scenario.couriers;
    assert.equal(walker && walker.offMs - walker.onMs, 4 * 3_600_000);
    assert.deepEqual(
      scenario.couriers.map((courier) => courier.vehicle),
      ['scooter', 'foot'],
    );
  });

  it('moves couriers from far away to the edge, and says so', (t) => {
    const scenario = readDay(day(t, RAPPI), 60);
    assert.ok((scenario.couriers[1]?.at.lat ?? 99) < 7.2);
    assert.match(scenario.notes[0] ?? '', /^1 couriers start outside/);
  });

  it('refuses a ready time that really lies before placement, and a strange vehicle', (t) => {
    const orders = RAPPI['orders.csv.gz'].replace('12:20:00', '11:20:00');
    assert.throws(
      () => readDay(day(t, { ...RAPPI, 'orders.csv.gz': orders }), 60),
      /orders\.csv\.gz line 3, field ready_time/,
    );
    const couriers = RAPPI['couriers.csv.gz'].replace('walking', 'dragon');
    assert.throws(
      () => readDay(day(t, { ...RAPPI, 'couriers.csv.gz': couriers }), 60),
      /couriers\.csv\.gz line 3, field vehicle: expected one of walking, bicycle, motorcycle, car, found "dragon"/,
    );
  });

  it('refuses a folder that holds neither format', (t) => {
    assert.throws(() => readDay(day(t, { 'x.txt': '' }), 60), /expected a Grubhub instance/);
  });
});
