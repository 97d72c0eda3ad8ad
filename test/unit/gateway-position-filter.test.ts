import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { latLngToCell } from 'h3-js';
import { CELL_RESOLUTION, cellKey } from '../../contracts/geo.ts';
import {
  CellCircles,
  FixMemory,
  judgeFix,
  measureClock,
} from '../../services/gateway/position-filter.ts';

const NOW_MS = 1_795_300_000_000;
const HOME = { latE7: 525_200_000, lonE7: 134_000_000 };

function accepted(): { memory: FixMemory; circles: CellCircles } {
  const memory = new FixMemory();
  const circles = new CellCircles();
  assert.equal(judgeFix(memory, circles, { ...HOME, fixMs: NOW_MS }, NOW_MS, 1), 'live');
  return { memory, circles };
}

describe('the clock of a device', () => {
  it('is known by the quickest frame, so that a slow line makes no fix younger or older', () => {
    const memory = new FixMemory();
    const truth = 172_800_000;
    for (const delayMs of [900, 40, 3_000, 55]) {
      measureClock(memory, NOW_MS - truth, NOW_MS + delayMs);
    }
    assert.equal(memory.offsetMs, truth + 40);
  });

  it('that was set back is believed after three frames, one that was set ahead at once', () => {
    const memory = new FixMemory();
    measureClock(memory, NOW_MS, NOW_MS);
    for (let i = 0; i < 2; i++) measureClock(memory, NOW_MS - 3_600_000, NOW_MS);
    assert.equal(memory.offsetMs, 0);
    measureClock(memory, NOW_MS - 3_600_000, NOW_MS);
    assert.equal(memory.offsetMs, 3_600_000);
    measureClock(memory, NOW_MS + 60_000, NOW_MS);
    assert.equal(memory.offsetMs, -60_000);
  });
});

describe('a fix', () => {
  it('never moves the memory back in time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 5_000 }), { maxLength: 30 }), (steps) => {
        const { memory, circles } = accepted();
        let last = memory.fixMs;
        for (const step of steps) {
          const fix = { ...HOME, fixMs: NOW_MS + step };
          const outcome = judgeFix(memory, circles, fix, NOW_MS + 5_000, 1);
          assert.equal(outcome === 'live', fix.fixMs > last);
          assert.ok(memory.fixMs >= last);
          last = memory.fixMs;
        }
      }),
    );
  });

  it('may be as far as a fast vehicle gets at the speed of the zone', () => {
    const { memory, circles } = accepted();
    // About 1,000 m north, one second later.
    const fix = { latE7: HOME.latE7 + 90_000, lonE7: HOME.lonE7, fixMs: NOW_MS + 1_000 };
    assert.equal(judgeFix(memory, circles, fix, NOW_MS + 1_000, 1), 'jump');
    const fast = accepted();
    assert.equal(judgeFix(fast.memory, fast.circles, fix, NOW_MS + 1_000, 20), 'live');
  });

  it('at a new place needs three that agree; two and a return are forgotten', () => {
    const { memory, circles } = accepted();
    const far = { latE7: HOME.latE7 + 30_000_000, lonE7: HOME.lonE7 };
    const judge = (place: typeof HOME, second: number) => {
      const fixMs = NOW_MS + second * 1_000;
      return judgeFix(memory, circles, { ...place, fixMs }, fixMs, 1);
    };
    assert.deepEqual(
      [judge(far, 1), judge(far, 2), judge(HOME, 3), judge(far, 4), judge(far, 5), judge(far, 6)],
      ['jump', 'jump', 'live', 'jump', 'jump', 'live'],
    );
  });

  it('from the future is dropped, from the far past is history', () => {
    const memory = new FixMemory();
    const circles = new CellCircles();
    const judge = (fixMs: number) => judgeFix(memory, circles, { ...HOME, fixMs }, NOW_MS, 1);
    assert.equal(judge(NOW_MS + 60_000), 'future');
    assert.equal(judge(NOW_MS - 600_000), 'history');
    assert.equal(judge(NOW_MS), 'live');
  });

  it('lies in the cell that H3 says, though H3 is seldom asked', () => {
    const place = fc.record({
      lat: fc.double({ min: -75, max: 75, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
      steps: fc.array(
        fc.tuple(fc.integer({ min: -4_000, max: 4_000 }), fc.integer({ min: -4_000, max: 4_000 })),
        {
          minLength: 1,
          maxLength: 40,
        },
      ),
    });
    fc.assert(
      fc.property(place, ({ lat, lon, steps }) => {
        const memory = new FixMemory();
        const circles = new CellCircles();
        let latE7 = Math.round(lat * 1e7);
        let lonE7 = Math.round(lon * 1e7);
        let fixMs = NOW_MS;
        for (const [dLat, dLon] of steps) {
          latE7 += dLat;
          lonE7 = Math.max(-1_800_000_000, Math.min(1_800_000_000, lonE7 + dLon));
          fixMs += 1_000;
          judgeFix(memory, circles, { latE7, lonE7, fixMs }, fixMs, 10);
          const h3 = latLngToCell(memory.latE7 / 1e7, memory.lonE7 / 1e7, CELL_RESOLUTION);
          assert.equal(memory.cell, cellKey(h3));
        }
      }),
      { numRuns: 300 },
    );
  });
});
