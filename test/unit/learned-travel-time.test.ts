import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { haversineMeters, type Place } from '../../contracts/geo.ts';
import { RandomStream } from '../../dispatch/core/random.ts';
import { encodeColumns, type PageRun } from '../../dispatch/core/travel/learned/learned-columns.ts';
import { LearnedModel } from '../../dispatch/core/travel/learned/learned-model.ts';
import { LearnedState } from '../../dispatch/core/travel/learned/learned-state.ts';
import { LearnedTravelTime } from '../../dispatch/core/travel/learned/learned-travel-time.ts';
import {
  emptyAnswer,
  type TravelAnswer,
  type TravelTime,
  writeGuess,
} from '../../dispatch/core/travel/travel-time.ts';
import { placeOf } from '../../dispatch/geometry.ts';

const BYTES_MAX = 64 * 1024 * 1024;
const MONDAY_MS = Date.UTC(2026, 5, 1);
const HOUR_MS = 3_600_000;
const WARM_TRIPS = 4_000;
const CENTRE = { lat: 48.2, lon: 16.37 };
const yPerE7 = 0.0111194926;
const plane = { latE7: 482_000_000, lonE7: 163_700_000, xPerE7: yPerE7 * 0.6665, yPerE7 };

/** Never mistaken for anything learned. */
const fallback: TravelTime = {
  ms: () => 1_234_567,
  answer: (_from, _to, _vehicle, _departMs, into) => writeGuess(1_234_567, into),
};

interface Drive {
  readonly from: Place;
  readonly to: Place;
  readonly departMs: number;
  readonly tookMs: number;
}

/** Places in a box of about 9 by 9 km. */
function somewhere(random: RandomStream): Place {
  const lat = CENTRE.lat + (random.below(800) - 400) / 10_000;
  const lon = CENTRE.lon + (random.below(1_200) - 600) / 10_000;
  return placeOf(lat, lon);
}

/** A city where a metre takes 0.15 s, twice that from 8 to 10 o'clock, with a spread to the right. */
function usualMs(from: Place, to: Place, departMs: number): number {
  const hour = Math.floor(departMs / HOUR_MS) % 24;
  const slow = hour === 8 || hour === 9 ? 2 : 1;
  return 60_000 + haversineMeters(from, to) * 150 * slow;
}

function drives(count: number, seed: string): Drive[] {
  const random = new RandomStream(seed);
  return Array.from({ length: count }, (_, index) => {
    const from = somewhere(random);
    const to = somewhere(random);
    const departMs = MONDAY_MS + index * 120_000;
    // 0.8 to 2.0 of the usual, more often near the lower end.
    const luck = random.below(1_000) / 1_000;
    const tookMs = Math.round(usualMs(from, to, departMs) * (0.8 + 1.2 * luck * luck));
    return { from, to, departMs, tookMs };
  });
}

function fresh(): { model: LearnedModel; travel: LearnedTravelTime } {
  const learned = new LearnedState();
  const model = learned.taught();
  return { model, travel: new LearnedTravelTime(learned, plane, fallback) };
}

function teach(travel: LearnedTravelTime, all: readonly Drive[]): void {
  for (const { from, to, departMs, tookMs } of all) {
    assert.equal(travel.learn(from, to, 'car', departMs, tookMs), true);
  }
}

function ask(travel: LearnedTravelTime, from: Place, to: Place, departMs: number): TravelAnswer {
  const answer = emptyAnswer();
  travel.answer(from, to, 'car', departMs, answer);
  return answer;
}

function chunksOf(model: LearnedModel): PageRun[][] {
  return [...encodeColumns(model.freeze())];
}

function bytesOf(model: LearnedModel): Buffer {
  return Buffer.from(JSON.stringify(chunksOf(model)));
}

describe('the learned travel time', () => {
  const { model, travel } = fresh();
  const end = MONDAY_MS + WARM_TRIPS * 120_000;
  before(() => teach(travel, drives(WARM_TRIPS, 'warm')));

  it('answers through the fallback for a vehicle that it has not seen enough of', () => {
    const untaught = fresh().travel;
    const [{ from, to, departMs }] = drives(1, 'one') as [Drive];
    assert.equal(untaught.ms(from, to, 'car', departMs), 1_234_567);
    assert.equal(travel.ms(from, to, 'bicycle', departMs), 1_234_567);
    assert.notEqual(travel.ms(from, to, 'car', departMs), 1_234_567);
  });

  /** Median answer against what trips usually take at an hour, over places all over the city. */
  function ratioAt(hour: number): number {
    // 0.8 + 1.2 × ½² = 1.1 is the median luck.
    const departMs = end + 24 * HOUR_MS - (end % (24 * HOUR_MS)) + hour * HOUR_MS;
    const asked = drives(200, `hour ${hour}`);
    const ratios = asked.map(
      ({ from, to }) =>
        ask(travel, from, to, departMs).p50Ms / (1.1 * usualMs(from, to, MONDAY_MS)),
    );
    return ratios.reduce((sum, each) => sum + each, 0) / ratios.length;
  }

  it('is within a tenth of what trips usually take', () => {
    for (const hour of [3, 15, 21]) {
      const ratio = ratioAt(hour);
      assert.ok(Math.abs(ratio - 1) < 0.1, `at ${hour} o'clock ${ratio.toFixed(3)} of the usual`);
    }
  });

  it('knows the hours that are slow', () => {
    // Twice as slow from 8 to 10; after five days most of it must have been learned.
    const ratio = ratioAt(9);
    assert.ok(ratio > 1.4 && ratio < 2.1, `at 9 o'clock ${ratio.toFixed(3)} of a calm hour`);
  });

  it('keeps its quantiles: half end below p50, nine in ten below p90, the mean is the mean', () => {
    const { travel: copy } = restored(model);
    const counts = { p50: 0, p90: 0, mean: 0, took: 0 };
    const all = drives(3_000, 'coverage');
    for (const { from, to, departMs: offset, tookMs } of all) {
      const departMs = offset + (end - MONDAY_MS);
      // Shifted by whole days, so that the hours keep their pace.
      const aligned = departMs - ((end - MONDAY_MS) % (24 * HOUR_MS));
      const { p50Ms, p90Ms, meanMs } = ask(copy, from, to, aligned);
      if (tookMs <= p50Ms) counts.p50++;
      if (tookMs <= p90Ms) counts.p90++;
      counts.mean += meanMs;
      counts.took += tookMs;
      copy.learn(from, to, 'car', aligned, tookMs);
    }
    const percent = (count: number) => (100 * count) / all.length;
    assert.ok(Math.abs(percent(counts.p50) - 50) < 4, `p50 covers ${percent(counts.p50)} %`);
    assert.ok(Math.abs(percent(counts.p90) - 90) < 3, `p90 covers ${percent(counts.p90)} %`);
    const ratio = counts.mean / counts.took;
    assert.ok(Math.abs(ratio - 1) < 0.05, `the mean is ${ratio.toFixed(3)} of the mean`);
  });

  it('takes longer the farther it is', () => {
    const from = placeOf(CENTRE.lat, CENTRE.lon - 0.05);
    const times = [0.01, 0.03, 0.06, 0.1].map(
      (east) => ask(travel, from, placeOf(CENTRE.lat, CENTRE.lon - 0.05 + east), end).p50Ms,
    );
    const sorted = [...times].sort((a, b) => a - b);
    assert.deepEqual(times, sorted);
  });

  it('leans on the plain pace where no trip has ever begun or ended', () => {
    const from = placeOf(CENTRE.lat + 1, CENTRE.lon + 1);
    const to = placeOf(CENTRE.lat + 1.05, CENTRE.lon + 1);
    const { p50Ms } = ask(travel, from, to, end);
    const usual = 1.1 * usualMs(from, to, end);
    assert.ok(p50Ms > usual / 2 && p50Ms < usual * 2, `${p50Ms} ms where ${usual} is usual`);
  });

  it('answers anything with ordered, finite, whole milliseconds', () => {
    const place = fc.record({
      latE7: fc.integer({ min: -900_000_000, max: 900_000_000 }),
      lonE7: fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
    });
    const atMs = fc.integer({ min: -1e12, max: 4e12 });
    fc.assert(
      fc.property(place, place, fc.boolean(), atMs, (from, to, hasCell, departMs) => {
        const start = hasCell ? placeOf(from.latE7 / 1e7, from.lonE7 / 1e7) : from;
        const answer = emptyAnswer();
        travel.answer(start, to, 'car', departMs, answer);
        const { meanMs, p50Ms, p90Ms } = answer;
        for (const ms of [meanMs, p50Ms, p90Ms]) assert.ok(Number.isSafeInteger(ms) && ms > 0);
        assert.ok(p90Ms >= p50Ms);
        assert.equal(travel.ms(start, to, 'car', departMs), p50Ms);
      }),
    );
  });

  it('learns nothing from what is no trip', () => {
    const saved = bytesOf(model);
    const [{ from, to }] = drives(1, 'odd') as [Drive];
    for (const tookMs of [0, -5_000, 999, Number.NaN, 15_000_000, Number.POSITIVE_INFINITY]) {
      assert.equal(travel.learn(from, to, 'car', end, tookMs), false);
    }
    assert.ok(bytesOf(model).equals(saved));
  });

  it('does not change by being asked', () => {
    const saved = bytesOf(model);
    for (const { from, to, departMs } of drives(50, 'asked')) ask(travel, from, to, departMs);
    assert.ok(bytesOf(model).equals(saved));
  });

  it('answers from memory what it would answer anew, also after it has learned', () => {
    const { travel: asked } = restored(model);
    const pairs = drives(300, 'asked again');
    const all = (which: LearnedTravelTime) =>
      pairs.map(({ from, to }, n) => which.ms(from, to, 'car', end + (n % 3) * 400_000));
    const first = all(asked);
    assert.deepEqual(all(asked), first);
    assert.deepEqual(all(restored(model).travel), first);
    const taught = restored(model);
    teach(taught.travel, drives(200, 'in between'));
    teach(asked, drives(200, 'in between'));
    const after = all(asked);
    assert.deepEqual(after, all(taught.travel));
    assert.notDeepEqual(after, first);
  });

  it('comes back from its chunks byte for byte, and goes on alike', () => {
    const copy = restored(model);
    assert.ok(bytesOf(copy.model).equals(bytesOf(model)));
    const twin = restored(model);
    const more = drives(300, 'more').map((drive) => ({ ...drive, departMs: drive.departMs + 9e8 }));
    teach(copy.travel, more);
    teach(twin.travel, more);
    assert.ok(bytesOf(copy.model).equals(bytesOf(twin.model)));
    assert.ok(!bytesOf(copy.model).equals(bytesOf(model)));
  });

  it('takes memory as it learns, up to its bound', () => {
    assert.ok(new LearnedModel().bytes < 200_000);
    assert.ok(model.bytes < model.bytesMax && model.bytesMax <= BYTES_MAX);
    const chunks = chunksOf(model);
    assert.ok(chunks.every((chunk) => JSON.stringify(chunk).length <= 65_536));
    const text = chunks.flat().reduce((sum, [, , bytes]) => sum + bytes.length, 0);
    assert.ok(text > model.bytes && text < 1.5 * model.bytes);
  });

  it('never changes a copy by learning on', () => {
    const { model: own, travel: teaching } = restored(model);
    const frozen = own.freeze();
    const before = JSON.stringify([...encodeColumns(frozen)]);
    teach(teaching, drives(50, 'after the copy'));
    assert.equal(JSON.stringify([...encodeColumns(frozen)]), before);
    assert.notEqual(bytesOf(own).toString(), before);
  });

  it('tells two histories apart by their digests', () => {
    const { model: own, travel: teaching } = restored(model);
    assert.equal(own.digest, model.digest);
    teach(teaching, drives(1, 'one more'));
    assert.notEqual(own.digest, model.digest);
  });

  it('refuses pages that do not fit, and leaves those of another version', () => {
    const [, , bytes] = (chunksOf(model).flat()[1] ?? []) as unknown as PageRun;
    const broken: readonly PageRun[] = [
      [999, 0, bytes],
      [1, -1, bytes],
      [1, 1e9, bytes],
      [1, 0, `${bytes}AAAA`],
    ];
    for (const run of broken) {
      assert.throws(() => new LearnedModel().restore([run]), /learned travel time/);
    }
    const untaught = new LearnedState();
    untaught.restore([[-1, 99_999, ''], ...chunksOf(model).flat().slice(1)]);
    for (const chunk of chunksOf(model).slice(1)) untaught.restore(chunk);
    assert.equal(untaught.model, null);
  });
});

describe('two learned models', () => {
  it('that saw the same trips hold the same bytes', () => {
    const [one, other] = [fresh(), fresh()];
    const all = drives(400, 'twins');
    teach(one.travel, all);
    teach(other.travel, all);
    assert.ok(bytesOf(one.model).equals(bytesOf(other.model)));
  });
});

describe('a learned model in a city that changes', () => {
  it('follows the new pace', () => {
    const { travel } = fresh();
    const all = drives(3_000, 'slow city');
    teach(travel, all);
    const later = 3_000 * 120_000;
    const slower = drives(3_000, 'slower').map((drive) => ({
      ...drive,
      departMs: drive.departMs + later,
      tookMs: drive.tookMs * 2,
    }));
    const asked = slower.slice(-300);
    const before = asked.map(({ from, to, departMs }) => ask(travel, from, to, departMs).p50Ms);
    teach(travel, slower);
    const after = asked.map(({ from, to, departMs }) => ask(travel, from, to, departMs).p50Ms);
    const sum = (all: readonly number[]) => all.reduce((total, each) => total + each, 0);
    assert.ok(sum(after) > 1.4 * sum(before), `${sum(after) / sum(before)} times as long`);
  });
});

function restored(model: LearnedModel): { model: LearnedModel; travel: LearnedTravelTime } {
  const copy = fresh();
  for (const chunk of chunksOf(model)) assert.equal(copy.model.restore(chunk), true);
  return copy;
}
