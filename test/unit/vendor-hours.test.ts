/** Opening hours with special days, through summer time, checked against a clock on the wall. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  firstOverlap,
  opennessAt,
  type Schedule,
  wallTimeToMs,
} from '../../contracts/opening-hours.ts';

const at = (text: string): number => Date.parse(text);
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'];

describe('weekly spans', () => {
  const span = (days: number[], from: string, to: string) => ({ days, from, to });
  test('overlap within a day, over midnight, and over the end of the week', () => {
    const noon = span([1, 2], '11:00', '14:00');
    assert.equal(firstOverlap([]), undefined);
    assert.equal(firstOverlap([noon, span([1], '14:00', '18:00')]), undefined, 'they touch');
    assert.equal(firstOverlap([noon, span([3], '11:00', '14:00')]), undefined);
    assert.equal(firstOverlap([noon, span([2], '13:59', '18:00')]), 1);
    assert.equal(
      firstOverlap([noon, span([1], '22:00', '11:01')]),
      1,
      'Monday night, Tuesday noon',
    );
    assert.equal(firstOverlap([noon, span([7], '22:00', '11:00')]), undefined);
    assert.equal(firstOverlap([noon, span([7], '22:00', '11:01')]), 1, 'Sunday night, Monday noon');
    assert.equal(firstOverlap([span([7], '22:00', '11:01'), noon]), 1);
    assert.equal(firstOverlap([span(EVERY_DAY, '05:00', '05:00')]), undefined, 'always, once');
    assert.equal(firstOverlap([span(EVERY_DAY, '05:00', '05:00'), noon]), 1);
  });
});

describe('opening hours', () => {
  test('are wall time in the zone of the vendor, through summer time', () => {
    const hours = [{ days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }];
    const schedule = { timeZone: 'Europe/Berlin', hours };
    assert.deepEqual(opennessAt(schedule, at('2026-01-14T07:30:00Z')), {
      open: false,
      opensAtMs: at('2026-01-14T08:00:00Z'),
      closesAtMs: null,
    });
    assert.deepEqual(opennessAt(schedule, at('2026-07-15T07:30:00Z')), {
      open: true,
      opensAtMs: null,
      closesAtMs: at('2026-07-15T15:00:00Z'),
    });
    // Friday evening: Monday is next, and it is summer time by then.
    const friday = opennessAt(schedule, at('2026-03-27T18:00:00Z'));
    assert.equal(friday.opensAtMs, at('2026-03-30T07:00:00Z'));
  });

  test('past midnight belong to the day before', () => {
    const schedule = { timeZone: 'UTC', hours: [{ days: [5], from: '18:00', to: '02:00' }] };
    assert.equal(opennessAt(schedule, at('2026-01-16T23:00:00Z')).open, true);
    const night = opennessAt(schedule, at('2026-01-17T01:00:00Z'));
    assert.deepEqual([night.open, night.closesAtMs], [true, at('2026-01-17T02:00:00Z')]);
    assert.equal(opennessAt(schedule, at('2026-01-16T01:00:00Z')).open, false);
    assert.equal(opennessAt(schedule, at('2026-01-17T02:00:00Z')).open, false);
  });

  test('with the same time twice mean all day, and no end', () => {
    const hours = [{ days: EVERY_DAY, from: '00:00', to: '00:00' }];
    for (const timeZone of ZONES) {
      for (let hour = 0; hour < 24 * 400; hour += 7) {
        const now = opennessAt({ timeZone, hours }, at('2026-01-01T00:30:00Z') + hour * 3_600_000);
        assert.deepEqual([now.open, now.closesAtMs], [true, null]);
      }
    }
  });

  test('special days replace what begins on them; the night before ends as it would', () => {
    const schedule: Schedule = {
      timeZone: 'Europe/Berlin',
      hours: [{ days: EVERY_DAY, from: '18:00', to: '02:00' }],
      specialDays: [
        { date: '2026-12-24', openings: [{ from: '10:00', to: '14:00' }] },
        { date: '2026-12-25', until: '2026-12-26', openings: [] },
      ],
    };
    const states = [
      ['2026-12-24T00:30:00Z', true],
      ['2026-12-24T09:30:00Z', true],
      ['2026-12-24T18:00:00Z', false],
      ['2026-12-25T18:00:00Z', false],
      ['2026-12-26T18:00:00Z', false],
      ['2026-12-27T18:00:00Z', true],
    ] as const;
    for (const [text, open] of states) {
      assert.equal(opennessAt(schedule, at(text)).open, open, text);
    }
    const christmas = opennessAt(schedule, at('2026-12-24T18:00:00Z'));
    assert.equal(christmas.opensAtMs, at('2026-12-27T17:00:00Z'));
  });

  test('a time that the clock skips is as much later, one shown twice is the first', () => {
    const day = (text: string): number => at(`${text}T00:00:00Z`) / 86_400_000;
    const berlin = (date: string, minute: number): string =>
      new Date(wallTimeToMs('Europe/Berlin', day(date), minute)).toISOString();
    assert.equal(berlin('2026-03-29', 150), '2026-03-29T01:30:00.000Z');
    assert.equal(berlin('2026-10-25', 150), '2026-10-25T00:30:00.000Z');
    assert.equal(berlin('2026-10-25', 180), '2026-10-25T02:00:00.000Z');
  });

  test('agree with the clock on the wall at any minute of a day without a change of clocks', () => {
    const wall = fc.integer({ min: 0, max: 1439 });
    const text = (minute: number): string =>
      `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
    const opening = fc.record({
      days: fc.uniqueArray(fc.constantFrom(...EVERY_DAY), { minLength: 1 }),
      from: wall.map(text),
      to: wall.map(text),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.array(opening, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: at('2026-06-01T00:00:00Z'), max: at('2026-08-31T00:00:00Z') }),
        (timeZone, hours, atMs) => {
          const now = opennessAt({ timeZone, hours }, atMs);
          assert.equal(now.open, onTheWall(hours, timeZone, atMs));
          if (now.opensAtMs !== null) {
            assert.ok(now.opensAtMs > atMs);
            assert.equal(onTheWall(hours, timeZone, now.opensAtMs), true);
            assert.equal(onTheWall(hours, timeZone, now.opensAtMs - 1), false);
          }
          if (now.closesAtMs !== null) {
            assert.equal(onTheWall(hours, timeZone, now.closesAtMs), false);
            assert.equal(onTheWall(hours, timeZone, now.closesAtMs - 1), true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('being open never overlaps with being closed over a change of clocks', () => {
    const hours = [{ days: EVERY_DAY, from: '01:30', to: '02:30' }];
    for (const date of ['2026-03-29', '2026-10-25', '2026-04-05', '2026-10-04', '2026-03-08']) {
      for (const timeZone of ZONES) {
        for (let minute = -720; minute < 2_160; minute += 15) {
          const atMs = at(`${date}T00:00:00Z`) + minute * 60_000;
          const now = opennessAt({ timeZone, hours }, atMs);
          const nextMs = now.open ? now.closesAtMs : now.opensAtMs;
          assert.ok(nextMs !== null && nextMs > atMs);
          assert.equal(opennessAt({ timeZone, hours }, nextMs).open, !now.open);
          assert.equal(opennessAt({ timeZone, hours }, nextMs - 1).open, now.open);
        }
      }
    }
  });
});

/** The slow way: what the clock on the wall shows now, against every opening. */
function onTheWall(hours: Schedule['hours'], timeZone: string, atMs: number): boolean {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  const day = names.indexOf(parts.get('weekday') ?? '') + 1;
  const clock = `${parts.get('hour')}:${parts.get('minute')}`;
  const yesterday = day === 1 ? 7 : day - 1;
  return hours.some(({ days, from, to }) =>
    from < to
      ? days.includes(day) && clock >= from && clock < to
      : (days.includes(day) && clock >= from) || (days.includes(yesterday) && clock < to),
  );
}
