import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { scoreTrips } from '../../dispatch/eta/prequential.ts';
import { type RecordedTrip, readTrips, TripsError } from '../../dispatch/eta/trips-file.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import { withFolder } from '../support/folder.ts';

const HEADER = 'cab,pickup_ts,dropoff_ts,duration_s,pickup_lat,pickup_lon,dropoff_lat,dropoff_lon';
const GOOD = '7,1212000000,1212000300,300,48.2,16.3,48.21,16.31';

function written(scope: TestContext, content: string | Buffer): string {
  const path = join(withFolder(scope), 'trips');
  writeFileSync(path, content);
  return path;
}

describe('a file of trips', () => {
  it('is read plain and gzipped, with its columns in any order', async (scope) => {
    const text = `${HEADER}\n${GOOD}\n`;
    const plain = await readTrips(written(scope, text));
    assert.equal(plain.length, 1);
    const { startSeconds, endSeconds, from } = plain[0] as RecordedTrip;
    assert.deepEqual(
      [startSeconds, endSeconds, from],
      [1212000000, 1212000300, placeOf(48.2, 16.3)],
    );
    assert.deepEqual(await readTrips(written(scope, gzipSync(text))), plain);
    const turned = [HEADER, GOOD].map((line) => line.split(',').reverse().join(',')).join('\r\n');
    assert.deepEqual(await readTrips(written(scope, turned)), plain);
  });

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['nothing in it', '', /the file is empty/],
    ['a header alone', `${HEADER}\n`, /a header but no trips/],
    ['a missing column', `${HEADER.replace('pickup_lat', 'lat')}\n${GOOD}`, /line 1.*pickup_lat/],
    [
      'a word for a number',
      `${HEADER}\n${GOOD}\n${GOOD.replace('48.2,', 'x,')}`,
      /line 3: pickup_lat/,
    ],
    ['an empty field', `${HEADER}\n${GOOD.replace('16.31', '')}`, /line 2: dropoff_lon.*nothing/],
    ['too few fields', `${HEADER}\n7,1212000000`, /line 2: dropoff_ts.*nothing/],
    [
      'a place off the globe',
      `${HEADER}\n${GOOD.replace('48.21', '98.21')}`,
      /line 2: dropoff_lat/,
    ],
    [
      'a time in ms',
      `${HEADER}\n${GOOD.replace('1212000000', '1212000000000')}`,
      /line 2: pickup_ts/,
    ],
    [
      'an end before its start',
      `${HEADER}\n${GOOD.replace('0300,', '0000,')}`,
      /line 2: dropoff_ts/,
    ],
    ['a line without end', `${HEADER}\n${'1'.repeat(5_000)}`, /line 2: too long/],
  ];
  for (const [what, text, message] of bad) {
    it(`with ${what} is refused by line and field`, async (scope) => {
      await assert.rejects(readTrips(written(scope, text)), (error) => {
        assert.ok(error instanceof TripsError);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it('that was cut while compressed is refused', async (scope) => {
    const whole = gzipSync(`${HEADER}\n${`${GOOD}\n`.repeat(2_000)}`);
    await assert.rejects(readTrips(written(scope, whole.subarray(0, whole.length - 20))));
  });
});

describe('prequential scoring', () => {
  /** One route, alternately 200 s and 400 s; the outcome of a trip is out before the next starts. */
  function route(count: number): RecordedTrip[] {
    const from = placeOf(48.2, 16.3);
    const to = placeOf(48.21, 16.31);
    return Array.from({ length: count }, (_, index) => {
      const startSeconds = 1_212_000_000 + index * 500;
      return { from, to, startSeconds, endSeconds: startSeconds + (index % 2 === 0 ? 200 : 400) };
    });
  }
  let nowMs = 0;
  const clock = () => nowMs++;

  it('counts only trips from the given time on, and gives every figure', () => {
    const trips = route(600);
    const fromSeconds = (trips[500] as RecordedTrip).startSeconds;
    const score = scoreTrips(trips, { fromSeconds, clock });
    assert.equal(score.trips, 100);
    assert.ok(score.maeSeconds > 90 && score.maeSeconds < 140, `${score.maeSeconds} s`);
    assert.ok(score.mapePercent > 0 && score.p90CoveragePercent >= score.p50CoveragePercent);
    assert.ok(score.microsecondsPerAnswer > 0 && score.stateBytes > 0);
  });

  it('never looks ahead: what follows a trip changes nothing of its score', () => {
    const trips = route(400);
    const fromSeconds = (trips[300] as RecordedTrip).startSeconds;
    const scoredOf = (all: RecordedTrip[]) => {
      const { maeSeconds, trips: count } = scoreTrips(all, { fromSeconds, clock });
      return maeSeconds * count;
    };
    // The last trip is scored before it is learned, so only its own error may differ.
    const last = trips[399] as RecordedTrip;
    const longer = { ...last, endSeconds: last.endSeconds + 1_000 };
    const change = scoredOf([...trips.slice(0, 399), longer]) - scoredOf(trips);
    assert.ok(Math.abs(change - 1_000) < 5, `changed by ${change} s`);
  });

  it('does not depend on the order of the lines', () => {
    const trips = route(300);
    const options = { fromSeconds: 0, clock: () => 0 };
    assert.deepEqual(scoreTrips([...trips].reverse(), options), scoreTrips(trips, options));
  });
});
