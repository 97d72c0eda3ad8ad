/** Delivery areas: their cells cover them within a bound, and the edge is exact. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { DeliveryArea } from '../../contracts/api/vendors.ts';
import { haversineMeters, pointE7, polygonContains } from '../../contracts/geo.ts';
import { AREA_CELLS_MAX, cellsOf, delivers } from '../../services/vendors/delivery-area.ts';

const places = fc.record({
  lat: fc.double({ min: -65, max: 65, noNaN: true }),
  lon: fc.double({ min: -175, max: 175, noNaN: true }),
});

describe('a delivery area', () => {
  test('of a radius covers all of the circle and nothing else, within bounded cells', () => {
    fc.assert(
      fc.property(
        places,
        fc.integer({ min: 100, max: 50_000 }),
        fc.array(
          fc.tuple(
            fc.double({ min: -1, max: 1, noNaN: true }),
            fc.double({ min: -1, max: 1, noNaN: true }),
          ),
          {
            minLength: 20,
            maxLength: 20,
          },
        ),
        (place, radiusMeters, shifts) => {
          const area = { radiusMeters };
          const cells = cellsOf(area, place);
          assert.ok(cells.length > 0 && cells.length <= AREA_CELLS_MAX);
          for (const [dLat, dLon] of shifts) {
            const reach = (1.05 * radiusMeters) / 111_195;
            const to = {
              lat: place.lat + dLat * reach,
              lon: place.lon + (dLon * reach) / Math.cos((place.lat * Math.PI) / 180),
            };
            const meters = haversineMeters(pointE7(place.lat, place.lon), pointE7(to.lat, to.lon));
            assert.equal(delivers(area, cells, place, to), meters <= radiusMeters);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of a polygon is that polygon, holes and all', () => {
    const square = (d: number): number[][] => [
      [13.4 - d, 52.5 - d],
      [13.4 + d, 52.5 - d],
      [13.4 + d, 52.5 + d],
      [13.4 - d, 52.5 + d],
      [13.4 - d, 52.5 - d],
    ];
    const polygon = { type: 'Polygon' as const, coordinates: [square(0.05), square(0.01)] };
    const area: DeliveryArea = { polygon };
    const place = { lat: 52.5, lon: 13.4 };
    const cells = cellsOf(area, place);
    assert.ok(cells.length <= AREA_CELLS_MAX);
    const offset = fc.double({ min: -0.07, max: 0.07, noNaN: true });
    fc.assert(
      fc.property(offset, offset, (dLat, dLon) => {
        const to = { lat: 52.5 + dLat, lon: 13.4 + dLon };
        assert.equal(delivers(area, cells, place, to), polygonContains(polygon, to.lat, to.lon));
      }),
    );
    assert.equal(delivers(area, cells, place, place), false);
  });

  test('that is none delivers anywhere; one across a country or the date line is refused', () => {
    assert.equal(delivers(null, null, { lat: 0, lon: 0 }, { lat: 50, lon: 50 }), true);
    const ring = [
      [5, 45],
      [15, 45],
      [15, 55],
      [5, 45],
    ];
    const wide: DeliveryArea = { polygon: { type: 'Polygon', coordinates: [ring] } };
    assert.throws(() => cellsOf(wide, { lat: 50, lon: 10 }), /invalid/i);
    assert.throws(() => cellsOf({ radiusMeters: 5_000 }, { lat: 0, lon: 179.999 }), /invalid/i);
  });

  test('that is no area is refused: open, flat, or with more corners than can be covered', () => {
    const refused = (ring: number[][]): void => {
      const area: DeliveryArea = { polygon: { type: 'Polygon', coordinates: [ring] } };
      assert.throws(() => cellsOf(area, { lat: 0, lon: 0 }), /invalid/i);
    };
    refused([
      [0, 0],
      [0.1, 0],
      [0.1, 0.1],
      [0, 0.1],
    ]);
    refused([
      [0, 0],
      [0.1, 0.1],
      [0.05, 0.05],
      [0, 0],
    ]);
    const corners = Array.from({ length: 600 }, (_, n) => [
      Math.cos(n / 95) / 10,
      Math.sin(n / 95) / 10,
    ]);
    refused([...corners, corners[0] ?? []]);
  });
});
