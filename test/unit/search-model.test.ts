/** The parts of the read model, and the rules it shares with the tables. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { haversineMeters, polygonContains } from '../../contracts/geo.ts';
import { opennessAt } from '../../contracts/opening-hours.ts';
import { Best } from '../../services/search/model/best.ts';
import { Postings } from '../../services/search/model/postings.ts';
import { etaSeconds, hereOf, keyOf, metersFrom, ORDERS } from '../../services/search/ranking.ts';
import { isInside, reachOf } from '../../services/search/reach.ts';
import { createTurns, isOpenAt, TURNS_AHEAD_MS, turnsOf } from '../../services/search/turns.ts';

const HOUR_MS = 3_600_000;
const time = fc.constantFrom('00:00', '06:30', '11:00', '14:30', '17:00', '22:00');
const hours = fc.array(
  fc.record({
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    from: time,
    to: time,
  }),
  { minLength: 1, maxLength: 3 },
);
const timeZone = fc.constantFrom('America/New_York', 'Europe/Berlin', 'UTC');
const SPRING_MS = Date.UTC(2026, 2, 5);

describe('turns', () => {
  test('say what the calendar says, for as long as they reach', () => {
    fc.assert(
      fc.property(hours, timeZone, fc.integer({ min: 0, max: 700 }), (opening, zone, hour) => {
        const schedule = { timeZone: zone, hours: opening };
        const nowMs = SPRING_MS + hour * HOUR_MS;
        const { turns, untilMs } = turnsOf(schedule, nowMs);
        assert.ok(untilMs >= nowMs + TURNS_AHEAD_MS || turns.length > 500);
        for (let n = 0; n < 24; n++) {
          const atMs = nowMs + Math.floor((n / 24) * (untilMs - nowMs));
          assert.equal(isOpenAt(turns, atMs), opennessAt(schedule, atMs).open, `hour ${n}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('that are remembered hold for a later time too, and are renewed in time', () => {
    const remember = createTurns();
    const schedule = {
      timeZone: 'UTC',
      hours: [{ days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }],
    };
    for (let hour = 0; hour < 24 * 20; hour += 7) {
      const nowMs = SPRING_MS + hour * HOUR_MS;
      const { turns, untilMs } = remember(schedule, nowMs);
      assert.ok(untilMs > nowMs);
      assert.equal(isOpenAt(turns, nowMs), opennessAt(schedule, nowMs).open);
    }
    const closed = {
      ...schedule,
      specialDays: [{ date: '2026-01-01', until: '2027-01-01', openings: [] }],
    };
    assert.deepEqual(remember(closed, SPRING_MS).turns, []);
  });
});

describe('reach', () => {
  const place = { latE7: 407_000_000, lonE7: -739_000_000 };
  const degrees = (least: number, most: number) =>
    fc.double({ min: least, max: most, noNaN: true });

  test('of a circle lies within its box, and of a polygon is what the polygon says', () => {
    const ring = [
      ...[
        [-74, 40.6],
        [-73.8, 40.62],
        [-73.7, 40.8],
        [-73.9, 40.7],
      ],
      ...[
        [-74.05, 40.85],
        [-74, 40.6],
      ],
    ];
    const polygon = { type: 'Polygon' as const, coordinates: [ring] };
    const drawn = reachOf({ polygon } as Parameters<typeof reachOf>[0], place);
    const circle = reachOf({ radiusMeters: 5_000 }, place);
    fc.assert(
      fc.property(degrees(40.5, 40.95), degrees(-74.2, -73.6), (lat, lon) => {
        assert.equal(
          isInside(drawn.reachEdges ?? [], lat, lon),
          polygonContains(polygon, lat, lon),
        );
        const [latE7, lonE7] = [Math.round(lat * 1e7), Math.round(lon * 1e7)];
        const meters = metersFrom(hereOf({ latE7, lonE7 }), place.latE7, place.lonE7);
        if (meters > 5_000) return;
        const { southE7, northE7, westE7, eastE7 } = circle;
        assert.ok(latE7 >= southE7 && latE7 <= northE7 && lonE7 >= westE7 && lonE7 <= eastE7);
      }),
    );
  });

  test('metres on the plane are those on the globe, within a part in five hundred', () => {
    fc.assert(
      fc.property(degrees(-0.1, 0.1), degrees(-0.1, 0.1), (dLat, dLon) => {
        const here = { latE7: 407_000_000 + Math.round(dLat * 1e7), lonE7: -739_000_000 };
        const there = { latE7: 407_000_000, lonE7: -739_000_000 + Math.round(dLon * 1e7) };
        const exact = haversineMeters(here, there);
        const plane = metersFrom(hereOf(here), there.latE7, there.lonE7);
        assert.ok(Math.abs(plane - exact) <= 2 + exact / 500, `${plane} ${exact}`);
      }),
    );
    const eastern = hereOf({ latE7: 0, lonE7: 1_799_990_000 });
    assert.ok(metersFrom(eastern, 0, -1_799_990_000) < 230, 'the short way around');
  });
});

describe('ranking', () => {
  test('puts the better text first, then the better rated, then the nearer', () => {
    const key = (text: number, rating: number, meters: number, soldOut = 0): number =>
      keyOf(ORDERS.relevance, text, rating, meters, 600, soldOut);
    assert.ok(key(100, 0, 0) < key(90, 500, 0));
    assert.ok(key(100, 450, 900) < key(100, 400, 900));
    assert.ok(key(100, 400, 300) < key(100, 400, 900));
    assert.ok(key(100, 400, 300) < key(100, 400, 300, 1), 'sold out comes later');
    assert.equal(keyOf(ORDERS.eta, 0, 0, 2_500, 600, 0), etaSeconds(600, 2_500));
    assert.equal(etaSeconds(600, 2_500), 600 + 180 + 600);
  });

  test('keeps just the best, in order', () => {
    const entry = fc.record({ key: fc.integer({ min: -5, max: 5 }), document: fc.nat(500) });
    const entries = fc.uniqueArray(entry, { selector: ({ document }) => document, maxLength: 60 });
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 10 }), (all, limit) => {
        const best = new Best(limit, (a, b) => a < b);
        for (const { key, document } of all) best.offer(key, document);
        const expected = [...all].sort((a, b) => a.key - b.key || a.document - b.document);
        assert.deepEqual(
          best.documents,
          expected.slice(0, limit).map(({ document }) => document),
        );
      }),
    );
  });

  test('lists of documents stay sorted and different, whatever comes and goes', () => {
    const change = fc.record({ document: fc.nat(40), comes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const list = new Postings();
        const expected = new Set<number>();
        for (const { document, comes } of changes) {
          if (comes) {
            list.insert(document);
            expected.add(document);
          } else {
            list.remove(document);
            expected.delete(document);
          }
        }
        const sorted = [...expected].sort((a, b) => a - b);
        assert.deepEqual([...list.data.subarray(0, list.length)], sorted);
      }),
    );
  });
});
