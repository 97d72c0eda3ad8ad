/** The desk in front of a routes source: pace, queue, breaker, budget, and what it tells. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { VehicleKind } from '../../contracts/states.ts';
import type { RouteWant } from '../../dispatch/core/index.ts';
import { nameOf, takeBatch } from '../../dispatch/routes/batching.ts';
import { type DeskOptions, QUEUE_MAX, RoutesDesk } from '../../dispatch/routes/desk.ts';
import {
  type Matrix,
  RouteError,
  type RoutesSource,
  type Seconds,
  type SourceLimits,
} from '../../dispatch/routes/source.ts';
import type { RoutesTold } from '../../dispatch/runtime/routes-port.ts';

const NO_RATE = { elementsPerMinute: Number.POSITIVE_INFINITY };
const FREE: SourceLimits = { places: 100, elements: 10_000, billed: false, ...NO_RATE };
const BILLED: SourceLimits = { places: 626, elements: 625, billed: true, ...NO_RATE };

/** The want of a drive from place `from` to place `to`, numbered along a line. */
function want(from: number, to: number, vehicle: VehicleKind = 'car'): RouteWant {
  const at = (n: number) => ({ latE7: 1_000_000 + n * 10_000, lonE7: 0, cell: n + 1 });
  const areas = { from: from + 1, to: to + 1 };
  const key = `${vehicle} ${areas.from} ${areas.to}`;
  return { key, vehicle, from: at(from), to: at(to), areas, meters: Math.abs(from - to) * 111 };
}

const answerAll = ({ origins, destinations }: Matrix): Seconds =>
  origins.map(() => destinations.map(() => 600));

class Stage {
  readonly asked: Matrix[] = [];
  readonly told: RoutesTold[] = [];
  readonly reports: string[] = [];
  /** What the source does with a request; changed by tests. */
  answer: (matrix: Matrix) => Seconds | Promise<Seconds> = answerAll;
  nowMs = 1_000;
  readonly desk: RoutesDesk;
  private readonly t: TestContext;

  constructor(t: TestContext, options: Partial<DeskOptions> = {}, limits = FREE) {
    this.t = t;
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const source: RoutesSource = {
      name: 'fake',
      limits,
      ask: async (matrix) => {
        this.asked.push(matrix);
        return this.answer(matrix);
      },
    };
    this.desk = new RoutesDesk({
      ...{ source, profiles: { car: 'auto', bicycle: 'velo' }, holdsMs: 900_000 },
      ...{ timeoutMs: 1_000, requestsPerSecond: 1_000 },
      report: (problem) => this.reports.push(problem),
      nowMs: () => this.nowMs,
      ...options,
    });
    t.after(() => this.desk.close());
  }

  ask(...wants: RouteWant[]): void {
    this.desk.ask(wants, (told) => this.told.push(told));
  }

  /** Moves the clock, and lets everything run that follows. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      this.nowMs += Math.min(10, left);
      this.t.mock.timers.tick(Math.min(10, left));
      await this.settle();
    }
  }

  /** Moves the clock in one go. */
  async leap(ms: number): Promise<void> {
    this.nowMs += ms;
    this.t.mock.timers.tick(ms);
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
  }

  get pairs(): string[] {
    return this.told.flatMap(({ times }) => times.map(([, from, to]) => `${from}-${to}`)).sort();
  }
}

describe('the desk', () => {
  it('tells each want its own element, with the name of the source and how long it holds', async (t) => {
    const stage = new Stage(t);
    stage.answer = ({ origins, destinations }) =>
      origins.map((from) => destinations.map((to) => Math.abs(from.latE7 - to.latE7) / 100));
    stage.ask(want(1, 3), want(2, 3), want(4, 9));
    await stage.pass(20);
    assert.deepEqual(stage.told, [
      {
        source: 'fake',
        holdsMs: 900_000,
        times: [
          ['car', 2, 4, 200_000, 222],
          ['car', 3, 4, 100_000, 111],
          ['car', 5, 10, 500_000, 555],
        ],
      },
    ]);
    assert.equal(stage.asked.length, 1, 'free elements share a request');
  });

  it('asks by profile, and not for vehicles without one', async (t) => {
    const stage = new Stage(t);
    stage.ask(want(1, 3), want(1, 3, 'bicycle'), want(1, 3, 'van'));
    await stage.pass(20);
    assert.deepEqual(stage.asked.map(({ profile }) => profile).sort(), ['auto', 'velo']);
    assert.equal(stage.desk.picture().dropped, 1);
  });

  it('keeps its pace', async (t) => {
    const stage = new Stage(t, { requestsPerSecond: 10 }, { ...FREE, places: 2 });
    for (let n = 0; n < 10; n++) stage.ask(want(n * 2, n * 2 + 1));
    await stage.pass(410);
    assert.equal(stage.asked.length, 5);
    await stage.pass(600);
    assert.equal(stage.asked.length, 10);
  });

  it('keeps to the elements a minute that the source allows', async (t) => {
    const stage = new Stage(t, {}, { ...BILLED, elementsPerMinute: 600 });
    stage.ask(...Array.from({ length: 5 }, (_, n) => want(n, 20)), want(30, 31));
    await stage.pass(490);
    assert.equal(stage.asked.length, 1, 'five elements are half a second');
    await stage.pass(20);
    assert.equal(stage.asked.length, 2);
  });

  it('has at most four requests under way', async (t) => {
    const stage = new Stage(t, {}, { ...FREE, places: 2 });
    stage.answer = () => new Promise(() => {});
    for (let n = 0; n < 10; n++) stage.ask(want(n * 2, n * 2 + 1));
    await stage.pass(100);
    assert.equal(stage.asked.length, 4);
  });

  it('drops the oldest wants when too many wait, and those that waited too long', async (t) => {
    const stage = new Stage(t, { requestsPerSecond: 0.01 }, { ...FREE, places: 2 });
    for (let n = 0; n <= QUEUE_MAX + 5; n++) stage.ask(want(n, n + 1));
    assert.equal(stage.desk.picture().dropped, 5, 'one is under way');
    await stage.settle();
    await stage.leap(61_000);
    stage.ask(want(1, 2));
    await stage.leap(39_500);
    assert.equal(stage.asked.length, 2);
    assert.equal(stage.desk.picture().dropped, 5 + QUEUE_MAX);
  });

  it('rests after three failures in a row, tries with one request, and goes on', async (t) => {
    const stage = new Stage(t, {}, { ...FREE, places: 2 });
    stage.answer = () => Promise.reject(new RouteError('unavailable', 'HTTP 503'));
    for (let n = 0; n < 8; n++) stage.ask(want(n * 2, n * 2 + 1));
    await stage.pass(50);
    assert.equal(stage.desk.ready, false);
    const before = stage.asked.length;
    assert.ok(before <= 6, `${before}`);
    await stage.pass(900);
    assert.equal(stage.asked.length, before, 'it rests');
    await stage.pass(1_100);
    assert.equal(stage.asked.length, before + 1, 'one request tries');
    stage.answer = answerAll;
    await stage.pass(4_100);
    assert.ok(stage.desk.ready);
    assert.ok(stage.pairs.length > 0);
    const [last, ...rests] = stage.reports.toReversed();
    assert.match(last ?? '', /answers again/);
    assert.ok(rests.length > 0 && rests.every((report) => report.includes('rests')));
    assert.equal(stage.desk.picture().failures.unavailable, before + 1);
  });

  it('asks twice for what failed in passing, not again for what was nonsense', async (t) => {
    const stage = new Stage(t);
    let tries = 0;
    stage.answer = (matrix) => {
      if (++tries === 1) throw new RouteError('timeout', 'no answer in time');
      return answerAll(matrix);
    };
    stage.ask(want(1, 2));
    await stage.pass(50);
    assert.deepEqual(stage.pairs, ['2-3']);
    stage.answer = () => Promise.reject(new RouteError('nonsense', 'a page'));
    stage.ask(want(3, 4));
    await stage.pass(100);
    assert.equal(stage.asked.length, 3);
    assert.equal(stage.desk.picture().dropped, 1);
    assert.deepEqual(stage.told.length, 1, 'nothing of it is told');
    assert.match(stage.reports.join(), /not believed: nonsense: a page/);
  });

  it('rests as long as it is told to when asked to slow down, and long when refused', async (t) => {
    const stage = new Stage(t);
    stage.answer = () => Promise.reject(new RouteError('rate_limited', 'HTTP 429', 5_000));
    stage.ask(want(1, 2));
    await stage.pass(4_900);
    assert.equal(stage.asked.length, 1);
    stage.answer = () => Promise.reject(new RouteError('refused', 'HTTP 403, PERMISSION_DENIED'));
    await stage.pass(200);
    assert.equal(stage.asked.length, 2);
    stage.ask(want(3, 4));
    await stage.pass(50_000);
    assert.equal(stage.asked.length, 2);
    assert.equal(stage.desk.ready, false);
  });

  it('finds the one point off every road, and gets the others their answers', async (t) => {
    const stage = new Stage(t);
    stage.answer = (matrix) => {
      const isLost = matrix.origins.some(({ latE7 }) => latE7 === 1_000_000 + 5 * 10_000);
      if (isLost) throw new RouteError('unplaceable', 'NoSegment');
      return answerAll(matrix);
    };
    stage.ask(...Array.from({ length: 9 }, (_, n) => want(n, 20)));
    await stage.pass(200);
    assert.equal(stage.pairs.length, 8);
    assert.ok(!stage.pairs.includes('6-21'));
    assert.equal(stage.desk.picture().noRoad, 1);
    assert.ok(stage.desk.ready, 'that is no failure of the source');
  });

  it('asks for less at once where the source takes no more, and stays so', async (t) => {
    const stage = new Stage(t);
    stage.answer = (matrix) => {
      const places = matrix.origins.length + matrix.destinations.length;
      if (places > 8) throw new RouteError('too_big', 'TooBig');
      return answerAll(matrix);
    };
    stage.ask(...Array.from({ length: 30 }, (_, n) => want(n, 40)));
    await stage.pass(200);
    assert.equal(stage.pairs.length, 30);
    assert.ok(stage.desk.ready);
    const before = stage.desk.picture().failures.too_big;
    stage.ask(...Array.from({ length: 30 }, (_, n) => want(n, 50)));
    await stage.pass(200);
    assert.equal(stage.pairs.length, 60);
    assert.equal(stage.desk.picture().failures.too_big, before, 'it has learned its size');
    stage.answer = () => Promise.reject(new RouteError('too_big', 'TooBig'));
    stage.ask(want(1, 60));
    await stage.pass(50);
    assert.equal(stage.desk.ready, false, 'not even one drive');
  });

  it('leaves out what nothing drives like, counts it and reports it once', async (t) => {
    const stage = new Stage(t);
    stage.answer = ({ origins, destinations }) =>
      origins.map((_, row) => destinations.map(() => (row === 0 ? 600 : 1)));
    stage.ask(want(1, 100), want(2, 100), want(3, 100));
    await stage.pass(20);
    assert.deepEqual(stage.pairs, ['2-101']);
    assert.equal(stage.desk.picture().unbelievable, 2);
    assert.equal(stage.reports.length, 1);
  });

  it('spends no more than the budget, counts what it left, and rests', async (t) => {
    let left = 5;
    const budget = async (elements: number) => {
      if (elements > left) return false;
      left -= elements;
      return true;
    };
    const stage = new Stage(t, { budget }, BILLED);
    stage.ask(want(1, 9), want(2, 9), want(3, 9), want(5, 30), want(6, 30), want(7, 30));
    await stage.pass(100);
    assert.equal(stage.asked.length, 1);
    assert.equal(stage.desk.picture().elements, 3);
    assert.equal(stage.desk.picture().overBudget, 3);
    assert.equal(stage.desk.ready, false);
  });

  it('takes a budget that cannot be asked for a spent one', async (t) => {
    const budget = () => Promise.reject(new Error('Redis is away'));
    const stage = new Stage(t, { budget }, BILLED);
    stage.ask(want(1, 9));
    await stage.pass(100);
    assert.equal(stage.asked.length, 0);
    assert.equal(stage.told.length, 0);
  });

  it('says nothing after it was closed', async (t) => {
    const stage = new Stage(t);
    stage.ask(want(1, 2));
    stage.desk.close();
    await stage.pass(50);
    stage.ask(want(3, 4));
    await stage.pass(50);
    assert.ok(stage.asked.length <= 1);
    assert.deepEqual(stage.reports, []);
  });
});

describe('requests', () => {
  /** Few places and many pairs of them, so that requests fill up in every way. */
  const pairs = fc
    .integer({ min: 2, max: 40 })
    .chain((most) =>
      fc.uniqueArray(
        fc.tuple(fc.integer({ min: 0, max: most }), fc.integer({ min: 0, max: most })),
        { minLength: 1, maxLength: 300, selector: String, size: 'max' },
      ),
    );
  const jobsOf = (list: readonly [number, number][]) =>
    list.map(([a, b]) => {
      const wanted = want(a, b);
      const names = { origin: nameOf(wanted.from), destination: nameOf(wanted.to) };
      return { want: wanted, profile: 'auto', group: 'auto', ...names };
    });

  it('cover every want once, each at its own element, within the limits', () => {
    fc.assert(
      fc.property(pairs, fc.boolean(), (list, billed) => {
        const limits = { places: 20, elements: 60, billed, ...NO_RATE };
        const queue = jobsOf(list);
        let covered = 0;
        let requests = 0;
        for (let batch = takeBatch(queue, limits); batch; batch = takeBatch(queue, limits)) {
          const { origins, destinations } = batch.matrix;
          assert.ok(batch.jobs.length > 0);
          assert.ok(++requests <= list.length, 'it comes to an end');
          assert.ok(origins.length + destinations.length <= limits.places);
          assert.ok(origins.length * destinations.length <= limits.elements);
          for (const { job, row, column } of batch.jobs) {
            assert.equal(origins[row]?.latE7, job.want.from.latE7);
            assert.equal(destinations[column]?.latE7, job.want.to.latE7);
          }
          covered += batch.jobs.length;
        }
        assert.equal(covered, list.length);
        assert.equal(queue.length, 0);
      }),
    );
  });

  it('ask for no element that nobody wants where elements are billed', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const queue = jobsOf(list);
        let elements = 0;
        for (let batch = takeBatch(queue, BILLED); batch; batch = takeBatch(queue, BILLED)) {
          elements += batch.matrix.origins.length * batch.matrix.destinations.length;
        }
        assert.equal(elements, list.length);
      }),
    );
  });
});
