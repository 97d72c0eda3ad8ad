import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { RandomStream } from '../../dispatch/core/random.ts';
import { type Instance, readInstance, type Spot } from '../../dispatch/mdrp/instance.ts';
import { readTuning } from '../../dispatch/mdrp/rules.ts';
import { runInstance } from '../../dispatch/mdrp/run.ts';
import type { Solution } from '../../dispatch/mdrp/solution.ts';

const TUNING = { policy: { searchSteps: 40 } };

/** A made-up evening: a few vendors in the middle, orders around them, shifts that end within it. */
function evening(seed: number, orderCount = 60): Instance {
  const random = new RandomStream('mdrp test', seed);
  const spot = (radius: number): Spot => ({
    x: 20_000 + random.below(2 * radius) - radius,
    y: -7_000 + random.below(2 * radius) - radius,
  });
  const vendors = Array.from({ length: 8 }, (_, n) => ({ name: `r${n}`, ...spot(2_000) }));
  const couriers = Array.from({ length: 9 }, (_, n) => {
    const on = 600 + random.below(60);
    return { name: `c${n}`, ...spot(2_500), on, off: on + 60 + random.below(120) };
  });
  const orders = Array.from({ length: orderCount }, (_, n) => {
    const vendor = vendors[random.below(vendors.length)] as (typeof vendors)[number];
    const placed = 600 + random.below(150);
    return { name: `o${n}`, vendor, ...spot(4_000), placed, ready: placed + 5 + random.below(20) };
  }).sort((a, b) => a.placed - b.placed);
  const pay = { payPerOrder: 10, payPerHour: 15 };
  const service = { pickupService: 4, dropoffService: 4, target: 40 };
  return { name: `e${seed}`, metersPerMinute: 320, ...service, ...pay, vendors, couriers, orders };
}

const minutes = (instance: Instance, from: Spot, to: Spot) =>
  Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / instance.metersPerMinute);

/** Walks every courier through its moves; says which rules of the problem do not hold. */
function brokenRules(instance: Instance, solution: Solution): string[] {
  const broken: string[] = [];
  const must = (holds: boolean, what: string) => {
    if (!holds) broken.push(what);
  };
  const seen = new Set<string>();
  for (const courier of instance.couriers) {
    const moves = solution.moves.filter((move) => move.courier === courier);
    let at: Spot = courier;
    let free = courier.on;
    const drive = (to: Spot): void => {
      const move = moves.shift();
      must(move?.from === at && move.to === to, `${courier.name} goes astray`);
      must((move?.departs ?? 0) >= free, `${courier.name} leaves before it is free`);
      free = (move?.departs ?? 0) + minutes(instance, at, to);
      at = to;
    };
    for (const { orders, pickup, decided } of solution.assignments.filter(
      (each) => each.courier === courier,
    )) {
      const vendor = orders[0]?.vendor as Spot;
      while (moves[0] && instance.vendors.some((each) => each === moves[0]?.to)) drive(moves[0].to);
      must(at === vendor && pickup >= free + 2, `${courier.name} is not there`);
      must(pickup <= courier.off, `${courier.name} picks up after its shift`);
      must(decided <= pickup, 'decided after the pickup');
      free = pickup + 2;
      for (const order of orders) {
        must(order.vendor === vendor, `${order.name} is of another vendor`);
        must(order.placed <= decided && order.ready <= pickup, `${order.name} is too early`);
        must(!seen.has(order.name), `${order.name} goes twice`);
        seen.add(order.name);
        drive(order);
        const told = solution.handovers.find((each) => each.order === order);
        must(told?.dropoff === free + 2 && told.pickup === pickup, `${order.name}: other times`);
        free += 4;
      }
    }
  }
  must(seen.size === solution.handovers.length, 'a hand-over without an assignment');
  return broken;
}

/** The same evening under other names, elsewhere and some minutes later. */
function transformed(plain: Instance, where: (spot: Spot) => Spot, later: number): Instance {
  const vendors = plain.vendors.map((v) => ({ name: `x${v.name}`, ...where(v) }));
  const vendorOf = new Map(
    plain.vendors.map((v, n) => [v, vendors[n] as (typeof vendors)[number]]),
  );
  const couriers = plain.couriers.map((c) => ({
    ...where(c),
    name: `y${c.name}`,
    on: c.on + later,
    off: c.off + later,
  }));
  const orders = plain.orders.map((o) => ({
    ...where(o),
    name: `z${o.name}`,
    vendor: vendorOf.get(o.vendor) ?? o.vendor,
    placed: o.placed + later,
    ready: o.ready + later,
  }));
  return { ...plain, name: 'other', vendors, couriers, orders };
}

/** What was decided up to a minute, by names. */
function decidedBy(solution: Solution, minute: number) {
  return {
    assignments: solution.assignments
      .filter(({ pickup }) => pickup <= minute)
      .map(({ pickup, courier, orders }) => [pickup, courier.name, orders.map((o) => o.name)]),
    moves: solution.moves
      .filter(({ departs }) => departs <= minute)
      .map(({ departs, courier, to }) => [departs, courier.name, to.name]),
  };
}

describe('an instance of the meal delivery problem', () => {
  it('is solved within its rules', () => {
    for (const seed of [1, 2, 3, 4]) {
      const instance = evening(seed);
      const { solution, figures } = runInstance(instance, TUNING);
      assert.deepEqual(brokenRules(instance, solution), []);
      assert.ok(figures.orders - figures.undelivered > 40, `${figures.undelivered} undelivered`);
    }
  });

  it('is decided without knowledge of what is placed later', () => {
    for (const seed of [5, 6]) {
      const whole = evening(seed);
      const all = runInstance(whole, TUNING).solution;
      for (const minute of [625, 660, 700]) {
        const orders = whole.orders.filter(({ placed }) => placed <= minute);
        const cut = runInstance({ ...whole, orders }, TUNING).solution;
        // A ride runs on by itself once it is picked up, so its later legs are known as well.
        const known = ({ moves, ...rest }: ReturnType<typeof decidedBy>) => ({
          ...rest,
          moves: moves.toSorted(),
        });
        assert.deepEqual(known(decidedBy(cut, minute)), known(decidedBy(all, minute)));
      }
    }
  });

  it('is decided alike when it is renamed, moved and shifted in time', () => {
    const plain = evening(7);
    const other = transformed(plain, (at) => ({ x: at.x + 5_000, y: at.y - 300 }), 120);
    const { figures } = runInstance(plain, TUNING);
    assert.deepEqual(runInstance(other, TUNING).figures, figures);
  });

  it('is decided as well when it is turned round its centre', () => {
    // Travel stays what it was but for a rounding; ties between cells fall otherwise, so that what is
    // decided differs, no more than what another stream of random numbers makes of the same evening.
    const seeds = [11, 12, 13, 14, 15, 16];
    const mean = (of: (instance: Instance) => Instance) => {
      const all = seeds.map((seed) => runInstance(of(evening(seed)), TUNING).figures.clickToDoor);
      return all.reduce((sum, minutes) => sum + minutes, 0) / all.length;
    };
    const plain = mean((instance) => instance);
    for (const angle of [Math.PI / 2, 1, 2.5]) {
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const turn = ({ x, y }: Spot) => ({
        x: 20_000 + (x - 20_000) * cos - (y + 7_000) * sin,
        y: -7_000 + (x - 20_000) * sin + (y + 7_000) * cos,
      });
      const turned = mean((instance) => transformed(instance, turn, 0));
      assert.ok(Math.abs(turned - plain) < 0.05 * plain, `${turned} against ${plain} at ${angle}`);
    }
  });
});

describe('instance files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mdrp-'));
  after(() => rmSync(folder, { recursive: true }));

  const files = {
    'instance_parameters.txt':
      'meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\t' +
      'maximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n',
    'restaurants.txt': 'restaurant\tx\ty\nr1\t100\t200\n',
    'couriers.txt': 'courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t0\t180\n',
    'orders.txt': 'order\tx\ty\tplacement_time\trestaurant\tready_time\no1\t9\t9\t10\tr1\t20\n',
  };
  type File = keyof typeof files;

  function withFile(name: File, text: string): string {
    const made = join(folder, `${name}-${Buffer.from(text).toString('hex').slice(-24)}`);
    mkdirSync(made, { recursive: true });
    for (const [file, content] of Object.entries({ ...files, [name]: text })) {
      writeFileSync(join(made, file), content);
    }
    return made;
  }

  it('are read as they are published', () => {
    const { orders, couriers, metersPerMinute } = readInstance(
      withFile('restaurants.txt', files['restaurants.txt']),
    );
    assert.equal(metersPerMinute, 320);
    assert.equal(couriers[0]?.off, 180);
    assert.deepEqual(orders[0]?.vendor, { name: 'r1', x: 100, y: 200 });
  });

  it('may be run under other weights, but not under any', () => {
    assert.deepEqual(readTuning('{"searchSteps":5}', '{}').policy, { searchSteps: 5 });
    assert.throws(() => readTuning('{}', '{"latePerMille":-1}'), /latePerMille cannot be -1/);
    assert.throws(() => readTuning('{}', '{"latePerMille":1e999}'), /latePerMille cannot be null/);
    assert.throws(() => readTuning('{"speed":1}', '{}'), /speed cannot be set/);
    assert.throws(() => readTuning('{', '{}'), /--policy: not JSON/);
  });

  it('are refused with file and line when they are not what they should be', () => {
    const orders = files['orders.txt'];
    const bad: [File, string, RegExp][] = [
      ['orders.txt', orders.replace('ready_time', 'time'), /orders\.txt:2: the column ready_time/],
      ['orders.txt', orders.replace('\tr1\t', '\tr9\t'), /orders\.txt:2: restaurant r9 is unknown/],
      ['orders.txt', orders.replace('20\n', '5\n'), /ready_time 5 is before placement_time 10/],
      ['orders.txt', orders.replace('20\n', 'soon\n'), /ready_time is not a number: soon/],
      ['orders.txt', orders.replace('20\n', '20.5\n'), /ready_time is not a whole minute/],
      ['couriers.txt', files['couriers.txt'].replace('180', '-1'), /off_time is negative/],
      ['restaurants.txt', `${files['restaurants.txt']}r1\t1\t1\n`, /a name occurs twice/],
      [
        'instance_parameters.txt',
        files['instance_parameters.txt'].replace('320', '0'),
        /meters_per_minute is zero/,
      ],
    ];
    for (const [file, text, message] of bad) {
      assert.throws(() => readInstance(withFile(file, text)), message);
    }
  });

  it('are all read before the first one runs: one bad file, and nothing is written', () => {
    const good = withFile('couriers.txt', files['couriers.txt']);
    const bad = withFile('orders.txt', files['orders.txt'].replace('\tr1\t', '\tr9\t'));
    const out = join(folder, 'solutions');
    const main = join(import.meta.dirname, '../../dispatch/mdrp/main.ts');
    const ran = spawnSync(process.execPath, [main, good, bad, '--out', out], { encoding: 'utf8' });
    assert.notEqual(ran.status, 0);
    assert.match(ran.stderr, /orders\.txt:2: restaurant r9 is unknown/);
    assert.equal(ran.stdout, '');
    assert.ok(!existsSync(out), 'a partial result');
  });
});
