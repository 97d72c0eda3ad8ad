import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Demand } from '../../dispatch/core/matching/demand.ts';
import { place } from '../support/core-fixtures.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 168 * HOUR_MS;
const LUNCH = place(0.2, 0.5);
const DINNER = place(0.8, 0.5);

const likeliest = (demand: Demand, atMs: number) => demand.likeliest(atMs, 1)[0]?.place.cell;

/** `times` requests for a door at that time of a week. */
function asked(demand: Demand, door: typeof LUNCH, atMs: number, times: number): void {
  for (let n = 0; n < times; n++) demand.learn(door, atMs);
}

describe('demand', () => {
  it('tells one hour from another, and knows it again a week later', () => {
    const demand = new Demand();
    asked(demand, LUNCH, 12 * HOUR_MS, 200);
    asked(demand, DINNER, 19 * HOUR_MS, 300);
    assert.equal(likeliest(demand, 12 * HOUR_MS), LUNCH.cell);
    assert.equal(likeliest(demand, 19 * HOUR_MS + 5), DINNER.cell);
    assert.equal(likeliest(demand, WEEK_MS + 12.5 * HOUR_MS), LUNCH.cell);
  });

  it('goes by all hours while little is known of one', () => {
    const demand = new Demand();
    asked(demand, DINNER, 19 * HOUR_MS, 300);
    asked(demand, LUNCH, 12 * HOUR_MS, 40);
    assert.equal(likeliest(demand, 3 * HOUR_MS), DINNER.cell);
    // A single request in the hour does not outweigh what all the others say.
    asked(demand, LUNCH, 3 * HOUR_MS, 1);
    assert.equal(likeliest(demand, 3 * HOUR_MS), DINNER.cell);
  });

  it('lets what is past fade, and keeps its counts in step', () => {
    const demand = new Demand();
    asked(demand, LUNCH, 12 * HOUR_MS, 50_000);
    asked(demand, DINNER, 12 * HOUR_MS, 30_000);
    assert.equal(likeliest(demand, 12 * HOUR_MS), DINNER.cell);
    const total = demand.all().reduce((sum, { count }) => sum + count, 0);
    assert.ok(total <= 50_000, `${total} requests are remembered`);
  });

  it('comes out of its records as it was, and reads records that know no hours', () => {
    const doors = [LUNCH, DINNER, place(0.5, 0.1)] as const;
    const requests = fc.array(fc.tuple(fc.nat(2), fc.nat(3 * WEEK_MS)), { maxLength: 60 });
    fc.assert(
      fc.property(requests, fc.nat(2 * WEEK_MS), (all, atMs) => {
        const demand = new Demand();
        for (const [door, at] of all) demand.learn(doors[door] ?? LUNCH, at);
        const copy = new Demand();
        for (const record of JSON.parse(JSON.stringify(demand.all()))) copy.restore(record);
        assert.deepEqual(copy.likeliest(atMs, 9), demand.likeliest(atMs, 9));
        const hours = demand.all().flatMap((cell) => cell.hours ?? []);
        assert.equal(
          hours.reduce((sum, [, count]) => sum + count, 0),
          all.length,
        );
      }),
    );
    const old = new Demand();
    old.restore({ place: LUNCH, count: 3 });
    old.learn(LUNCH, 0);
    assert.deepEqual(old.all()[0]?.count, 4);
    assert.equal(likeliest(old, 0), LUNCH.cell);
  });
});
