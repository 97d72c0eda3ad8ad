/** The rules of drivers that need no store: pay, days, shifts, papers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { newId } from '../../contracts/ids.ts';
import type { WorkFact } from '../../contracts/messages/driver-work.ts';
import type { EndReason } from '../../contracts/states.ts';
import { spanOf, sumsBy } from '../../services/drivers/earnings.ts';
import {
  dayAfter,
  momentOf,
  mondayOf,
  splitByDay,
  wallTimeOf,
} from '../../services/drivers/local-time.ts';
import {
  absenceOf,
  attendanceOf,
  overlap,
  spanOfPlan,
} from '../../services/drivers/shift-rules.ts';
import { type Asked, daysBetween, verdictOf, warningDue } from '../../services/drivers/standing.ts';
import { foldWork, isPaid, type KnownWork, splitEvenly } from '../../services/drivers/work-fold.ts';

const BERLIN = 'Europe/Berlin';
const HOUR_MS = 3_600_000;
const zone = newId('zone');
const driver = newId('driver');
const zones = new Map([
  [
    zone,
    {
      ...{ timeZone: BERLIN, currency: 'EUR', payBaseMinor: 300, payPerKmMinor: 80 },
      detourPerMille: 1_300,
    },
  ],
]);
const nothing: KnownWork = { zones, duties: new Map(), offers: new Map(), jobs: new Map() };

describe('pay', () => {
  it('is split into whole parts that differ by one at most and add up', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 20 }), (amount, parts) => {
        const shares = splitEvenly(amount, parts);
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          amount,
        );
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      }),
    );
  });

  it('is for the work done, unless the driver is to blame', () => {
    const reason = (fault: EndReason['fault'], stage: EndReason['stage']): EndReason => ({
      ...{ code: 'refused_by_customer', fault, stage },
    });
    assert.ok(isPaid({ state: 'delivered', reason: reason('platform', 'at_dropoff') }));
    assert.ok(isPaid({ state: 'returned', reason: reason('customer', 'returning') }));
    assert.ok(!isPaid({ state: 'returned', reason: reason('driver', 'returning') }));
    assert.ok(isPaid({ state: 'failed', reason: reason('customer', 'at_dropoff') }));
    assert.ok(!isPaid({ state: 'failed', reason: reason('platform', 'pending') }));
    assert.ok(!isPaid({ state: 'cancelled', reason: reason('customer', 'assigned') }));
  });

  it('of a whole offer reaches the lines, wherever the batches are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, fc.nat(5_000), fc.nat(40), (counts, payMinor, cut) => {
        const facts = counts.flatMap((count, n) => factsOf(count, payMinor, n));
        const first = foldWork(facts.slice(0, cut), nothing);
        const second = foldWork(facts.slice(cut), {
          zones,
          duties: first.duties,
          offers: first.offers,
          jobs: first.jobs,
        });
        const paid = [...first.lines, ...second.lines].reduce(
          (sum, { amount_minor: amount }) => sum + amount,
          0,
        );
        assert.equal(paid, payMinor * counts.length);
        const days = [...first.days.values(), ...second.days.values()];
        const sum = (name: 'offered' | 'accepted' | 'delivered'): number =>
          days.reduce((total, day) => total + day[name], 0);
        assert.deepEqual(
          [sum('offered'), sum('accepted'), sum('delivered')],
          [counts.length, counts.length, counts.reduce((all, count) => all + count, 0)],
        );
      }),
    );
  });

  it('without an offer is what the zone pays', () => {
    const [, , ended] = factsOf(1, 0, 0);
    const { lines } = foldWork(ended === undefined ? [] : [ended], nothing);
    assert.deepEqual(
      lines.map(({ amount_minor: amount, currency }) => [amount, currency]),
      [[300 + 208, 'EUR']],
    );
  });
});

function factsOf(count: number, payMinor: number, n: number): WorkFact[] {
  const offer = newId('offer');
  const deliveries = Array.from({ length: count }, () => newId('delivery'));
  const at = { driver, zone, atMs: 1_780_000_000_000 + n * HOUR_MS };
  const reason: EndReason = { code: 'completed', stage: 'at_dropoff', fault: 'platform' };
  const end = { ...at, state: 'delivered', reason, promiseMs: null, meters: 2_000 } as const;
  return [
    { fact: 'offered', ...at, offer, deliveries, payMinor, currency: 'EUR' },
    { fact: 'answered', ...at, offer, outcome: 'accepted' },
    ...deliveries.map((delivery) => ({ fact: 'ended', ...end, delivery }) as const),
  ];
}

describe('time on duty', () => {
  it('is counted where the driver is, day by day, once it is over', () => {
    const start = momentOf(BERLIN, { day: '2026-06-01', clock: '22:30' });
    const duty = (name: 'available' | 'on_break' | 'off', hours: number): WorkFact => ({
      ...{ fact: 'duty', driver, zone, duty: name, atMs: start + hours * HOUR_MS },
    });
    const { days, duties } = foldWork(
      [duty('available', 0), duty('on_break', 1), duty('available', 1.25), duty('off', 3)],
      nothing,
    );
    assert.deepEqual(
      [...days.values()].map(({ day, online_ms: ms }) => [day, ms / HOUR_MS]),
      [
        ['2026-06-01', 1.5],
        ['2026-06-02', 1.5],
      ],
    );
    assert.equal(duties.get(driver)?.duty, 'off');
  });

  it('loses nothing at midnights, not even when clocks change', () => {
    const some = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) });
    fc.assert(
      fc.property(some, fc.nat(5 * 24 * HOUR_MS), (fromMs, ms) => {
        const pieces = splitByDay(BERLIN, fromMs, fromMs + ms, 7);
        assert.equal(
          pieces.reduce((sum, piece) => sum + piece.ms, 0),
          ms,
        );
        const days = pieces.map(({ day }) => day);
        assert.deepEqual(days, [...new Set(days)].sort());
      }),
    );
  });
});

describe('wall time', () => {
  it('and moments are each other’s inverse, but for the hour that does not exist', () => {
    const zonesTried = fc.constantFrom(BERLIN, 'America/New_York', 'Asia/Kolkata', 'UTC');
    const minutes = fc.integer({
      min: Date.UTC(2025, 0) / 60_000,
      max: Date.UTC(2028, 0) / 60_000,
    });
    fc.assert(
      fc.property(zonesTried, minutes, (timeZone, minute) => {
        const wall = wallTimeOf(timeZone, minute * 60_000);
        assert.deepEqual(wallTimeOf(timeZone, momentOf(timeZone, wall)), wall);
      }),
    );
    const skipped = momentOf(BERLIN, { day: '2026-03-29', clock: '02:30' });
    assert.equal(wallTimeOf(BERLIN, skipped).clock, '03:30');
    const twice = momentOf(BERLIN, { day: '2026-10-25', clock: '02:30' });
    assert.equal(new Date(twice).toISOString(), '2026-10-25T00:30:00.000Z');
  });

  it('knows days and Mondays', () => {
    assert.equal(dayAfter('2026-02-28'), '2026-03-01');
    assert.equal(mondayOf('2026-11-22'), '2026-11-16');
    assert.equal(mondayOf('2026-11-16'), '2026-11-16');
  });
});

describe('sums of earnings', () => {
  it('by week are the sums by day', () => {
    const row = fc.record({
      day: fc.integer({ min: 0, max: 60 }).map((n) => dayAfter('2026-01-01', n)),
      currency: fc.constantFrom('EUR', 'USD'),
      kind: fc.constantFrom('delivery', 'tip', 'adjustment'),
      amount: fc.integer({ min: -1_000, max: 10_000 }),
      count: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 50 }), (rows) => {
        const totals = (startOf: (day: string) => string): Map<string, number> => {
          const sums = new Map<string, number>();
          for (const sum of sumsBy(rows, startOf)) {
            const { deliveryMinor, tipMinor, adjustmentMinor, totalMinor } = sum;
            assert.equal(deliveryMinor + tipMinor + adjustmentMinor, totalMinor);
            sums.set(sum.currency, (sums.get(sum.currency) ?? 0) + totalMinor);
          }
          return sums;
        };
        assert.deepEqual(
          totals((day) => day),
          totals(mondayOf),
        );
      }),
    );
  });

  it('are about 92 days at most', () => {
    assert.deepEqual(spanOf({}, '2026-03-28'), { from: '2026-03-01', to: '2026-03-28' });
    assert.throws(() => spanOf({ from: '2026-03-02', to: '2026-03-01' }, '2026-03-28'));
    assert.doesNotThrow(() => spanOf({ from: '2026-01-01', to: '2026-04-02' }, ''));
    assert.throws(() => spanOf({ from: '2026-01-01', to: '2026-04-03' }, ''));
  });
});

describe('a shift', () => {
  it('is by the clock of its zone, over midnight and over changes of the clock', () => {
    const hours = (day: string, from: string, to: string): number => {
      const { startsMs, endsMs } = spanOfPlan({ day, from, to }, BERLIN);
      return (endsMs - startsMs) / HOUR_MS;
    };
    assert.equal(hours('2026-06-01', '18:00', '02:00'), 8);
    assert.equal(hours('2026-03-28', '22:00', '06:00'), 7);
    assert.equal(hours('2026-10-24', '22:00', '06:00'), 9);
    assert.throws(() => hours('2026-06-01', '06:00', '05:00'), { code: 'request.invalid' });
  });

  it('overlaps another exactly when a moment belongs to both', () => {
    const span = fc
      .tuple(fc.nat(30), fc.integer({ min: 1, max: 10 }))
      .map(([startsMs, length]) => ({ startsMs, endsMs: startsMs + length }));
    fc.assert(
      fc.property(span, span, (a, b) => {
        const within = ({ startsMs, endsMs }: typeof a, at: number): boolean =>
          at >= startsMs && at < endsMs;
        const both = Array.from({ length: 45 }, (_, at) => within(a, at) && within(b, at));
        assert.equal(overlap(a, b), both.includes(true));
        assert.equal(overlap(a, b), overlap(b, a));
      }),
    );
  });

  it('makes late and then no-show of who does not come', () => {
    const shift = { startsMs: 1_000, endsMs: 9_000, lateMs: 500, noShowMs: 3_000 };
    assert.equal(absenceOf(shift, 1_500), undefined);
    assert.equal(absenceOf(shift, 1_501), 'late');
    assert.equal(absenceOf(shift, 4_000), 'no_show');
    assert.equal(absenceOf({ ...shift, endsMs: 2_000 }, 2_000), 'no_show');
    assert.equal(attendanceOf(shift, 1_500), 'on_time');
    assert.equal(attendanceOf(shift, 1_501), 'late');
  });
});

describe('who may work', () => {
  const bike = { id: newId('vehicle'), kind: 'bicycle' } as const;
  const car = { id: newId('vehicle'), kind: 'car' } as const;
  const policy: Asked = {
    papers: [
      { kind: 'identity' },
      { kind: 'licence', vehicles: ['car'] },
      { kind: 'insurance', vehicles: ['car', 'van'] },
    ],
    backgroundCheck: false,
  };
  const paper = (kind: 'identity' | 'licence' | 'insurance', expiresOn: string | null = null) => ({
    ...({ id: newId('document'), kind, state: 'approved', expiresOn } as const),
    vehicle: kind === 'insurance' ? car.id : null,
  });
  const today = '2026-06-15';

  it('is everybody with a vehicle where nothing is asked for', () => {
    const candidate = { vehicles: [bike], papers: [], background: 'not_started' } as const;
    assert.ok(verdictOf([], candidate, today).mayWork);
    assert.ok(!verdictOf([{ papers: [], backgroundCheck: true }], candidate, today).mayWork);
  });

  it('is who has shown what is asked of it, with the vehicles whose papers hold', () => {
    const papers = [paper('identity', '2026-06-15'), paper('licence')];
    const background = 'not_started';
    const one = verdictOf([policy], { vehicles: [bike, car], papers, background }, today);
    assert.deepEqual([one.mayWork, one.vehicles], [true, [bike.id]]);
    assert.deepEqual(one.missing, [{ kind: 'insurance', vehicle: car.id, why: 'missing' }]);
    const only = verdictOf([policy], { vehicles: [car], papers, background }, today);
    assert.ok(!only.mayWork, 'its one vehicle cannot be used');
    const insured = [...papers, paper('insurance', '2026-07-01')];
    const whole = verdictOf(
      [policy],
      { vehicles: [bike, car], papers: insured, background },
      today,
    );
    assert.deepEqual([whole.missing, whole.expiring.length], [[], 2]);
    const tomorrow = verdictOf(
      [policy],
      { vehicles: [bike], papers: insured, background },
      '2026-06-16',
    );
    assert.deepEqual(tomorrow.missing, [{ kind: 'identity', vehicle: null, why: 'expired' }]);
    assert.ok(!tomorrow.mayWork);
  });

  it('is warned at each step once, the most pressing one first', () => {
    assert.equal(daysBetween('2026-06-15', '2026-07-15'), 30);
    assert.equal(warningDue(31, null), undefined);
    assert.equal(warningDue(30, null), 30);
    assert.equal(warningDue(20, 30), undefined);
    assert.equal(warningDue(7, 30), 7);
    assert.equal(warningDue(1, null), 1);
    assert.equal(warningDue(0, 1), undefined);
  });
});
