/** What the API shows of an arrival, from what the engine last told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LastTrack } from '../../dispatch/redis/door.ts';
import { etaTimes } from '../../platform/eta-times.ts';

const MINUTE_MS = 60_000;
const NOTHING = { etaAt: null, etaFromAt: null, etaToAt: null };
const delivery = 'del_01900000-0000-7000-8000-000000000001';
const at = { epoch: 1, seq: 1, zone: 'zon_01900000-0000-7000-8000-000000000001' } as const;

function told(minutes: number) {
  const etaMs = minutes * MINUTE_MS;
  return { etaMs, etaFromMs: etaMs - MINUTE_MS, etaToMs: etaMs + 3 * MINUTE_MS };
}

function status(minutes: number): LastTrack['status'] {
  const state = 'assigned' as const;
  return { ...at, t: 'status', delivery, state, atMs: 0, promiseMs: 0, ...told(minutes) };
}

function position(minutes: number): LastTrack['position'] {
  const spot = { latE7: 1, lonE7: 2, heading: 0, fixMs: 0 };
  return { ...at, t: 'pos', delivery, ...spot, ...told(minutes) };
}

test('an arrival is told as a time and a range, the newest word first', () => {
  assert.deepEqual(etaTimes(null), NOTHING);
  assert.deepEqual(etaTimes({ status: null, position: null }), NOTHING);
  assert.deepEqual(etaTimes({ status: status(10), position: null }), {
    etaAt: '1970-01-01T00:10:00.000Z',
    etaFromAt: '1970-01-01T00:09:00.000Z',
    etaToAt: '1970-01-01T00:13:00.000Z',
  });
  const moving = etaTimes({ status: status(10), position: position(8) });
  assert.equal(moving.etaAt, '1970-01-01T00:08:00.000Z');
});
