import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { coarsen, decodeTrace, encodeTrace } from '../../services/tracking/trace-codec.ts';

const point = fc.record(
  {
    atMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    latE7: fc.integer({ min: -900_000_000, max: 900_000_000 }),
    lonE7: fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
  },
  { noNullPrototype: true },
);

describe('the trace codec', () => {
  test('gives back what it was given', () => {
    fc.assert(
      fc.property(fc.array(point, { maxLength: 200 }), (points) => {
        assert.deepEqual(decodeTrace(encodeTrace(points)), points);
      }),
    );
  });

  test('needs few bytes for a driver on the way', () => {
    const points = Array.from({ length: 600 }, (_none, n) => ({
      atMs: 1_800_000_000_000 + n * 1_000,
      latE7: 525_200_000 + n * 400 + (n % 7),
      lonE7: 134_000_000 - n * 300 + (n % 5),
    }));
    assert.ok(encodeTrace(points).length < points.length * 5);
  });

  test('refuses what it did not write', () => {
    assert.throws(() => decodeTrace(Buffer.from('nonsense')));
    const cut = encodeTrace([{ atMs: 1e12, latE7: 5, lonE7: 6 }]).subarray(0, 3);
    assert.throws(() => decodeTrace(cut));
  });

  test('coarse traces keep the way but not the door', () => {
    const points = [0, 10, 20_000].map((n) => ({ atMs: n, latE7: n, lonE7: 0 }));
    assert.deepEqual(
      coarsen(points).map(({ latE7 }) => latE7),
      [0, 20_000],
    );
  });
});
