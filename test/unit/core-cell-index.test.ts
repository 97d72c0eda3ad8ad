import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { getHexagonEdgeLengthAvg, latLngToCell, UNITS } from 'h3-js';
import { ancestorText, cellKey, cellText } from '../../contracts/geo.ts';
import { CellIndex } from '../../dispatch/core/live/cell-index.ts';
import { Grid } from '../../dispatch/core/live/cells.ts';
import { Plane } from '../../dispatch/core/plane.ts';
import { placeOf } from '../../dispatch/geometry.ts';
import { place, zoneConfig } from '../support/core-fixtures.ts';

const config = zoneConfig();
const grid = new Grid(config.grid);
const plane = new Plane(config.plane);
/** Beyond [0, 1] on purpose: drivers also stand outside the zone's box. */
const unit = fc.double({ min: -2, max: 3, noNaN: true });

test('nearest finds what looking at everything finds, after any puts, moves and removals', () => {
  const act = fc.record({
    slot: fc.integer({ min: 0, max: 60 }),
    u: unit,
    v: unit,
    gone: fc.boolean(),
  });
  const query = fc.record({
    u: unit,
    v: unit,
    count: fc.integer({ min: 1, max: 12 }),
    meters: fc.integer({ min: 100, max: 40_000 }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 150 }), query, (acts, q) => {
      const index = new CellIndex(grid, 4);
      const at = new Map<number, { x: number; y: number }>();
      for (const { slot, u, v, gone } of acts) {
        if (gone) {
          index.remove(slot);
          at.delete(slot);
          continue;
        }
        const where = place(u, v);
        const [x, y] = [plane.x(where.lonE7), plane.y(where.latE7)];
        index.put(slot, grid.bucketOf(where.cell), x, y);
        at.set(slot, { x, y });
      }
      assert.equal(index.size, at.size);
      const from = place(q.u, q.v);
      const [x, y] = [plane.x(from.lonE7), plane.y(from.latE7)];
      const out = new Int32Array(q.count);
      const found = index.nearest(
        { bucket: grid.bucketOf(from.cell), x, y },
        q.count,
        q.meters,
        out,
      );
      const meters2 = (p: { x: number; y: number }) =>
        (p.x - x) * (p.x - x) + (p.y - y) * (p.y - y);
      const expected = [...at]
        .filter(([, p]) => meters2(p) <= q.meters * q.meters)
        .sort(([a, p], [b, r]) => meters2(p) - meters2(r) || a - b)
        .slice(0, q.count)
        .map(([slot]) => slot);
      assert.deepEqual([...out.subarray(0, found)], expected);
    }),
    { numRuns: 300 },
  );
});

test('a cell key names its H3 cell and ancestors exactly', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -89, max: 89, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
      (lat, lon) => {
        const text = latLngToCell(lat, lon, 9);
        assert.equal(cellText(cellKey(text)), text);
        assert.ok(Number.isSafeInteger(cellKey(text)));
        assert.equal(ancestorText(cellKey(text), 0), latLngToCellAncestor(text));
      },
    ),
  );
  assert.ok(getHexagonEdgeLengthAvg(9, UNITS.m) > 100);
});

function latLngToCellAncestor(text: string): string {
  const bits = BigInt(`0x${text}`);
  const base = (bits >> 45n) & 0x7fn;
  return ((1n << 59n) | (base << 45n) | ((1n << 45n) - 1n)).toString(16);
}

test('a place refuses coordinates that are out of range or not finite', () => {
  for (const [lat, lon] of [
    [91, 0],
    [0, 181],
    [Number.NaN, 0],
    [0, Number.POSITIVE_INFINITY],
  ] as const) {
    assert.throws(() => placeOf(lat, lon), RangeError);
  }
});
