/** What the holder of a signed link is shown of the time of arrival. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TrackStatus } from '../../contracts/wire/messages.ts';
import { type TrackingDeps, view } from '../../services/tracking/viewing.ts';

const DELIVERY = 'del_01900000-0000-7000-8000-000000000001';
const AT_MS = Date.UTC(2026, 5, 1, 17, 40);
const MINUTE_MS = 60_000;

type Position = { readonly etaMs: number | null; readonly etaFromMs?: number; etaToMs?: number };

async function shown(state: TrackStatus['state'], status: Position, position: Position | null) {
  const version = { epoch: 1, seq: 1, delivery: DELIVERY };
  const last = {
    status: { t: 'status', ...version, state, atMs: 0, promiseMs: AT_MS, ...status },
    position: position && {
      ...{ t: 'pos', ...version, latE7: 1, lonE7: 2, heading: 0, fixMs: AT_MS },
      ...position,
    },
  };
  const deps = {
    gatewayUrl: 'wss://gateway',
    tokens: { verifyToken: async () => ({ scope: 'track', delivery: DELIVERY }) },
    door: async () => ({ lastTrack: async () => last }),
  } as unknown as TrackingDeps;
  const call = { call: async () => ({ pickup: null, dropoff: null, reason: null }) };
  const { etaAt, etaFromAt, etaToAt } = await view(deps, 'token', call as never);
  return [etaAt, etaFromAt, etaToAt].map((text) => text?.slice(11, 16) ?? null);
}

const early = { etaMs: AT_MS, etaFromMs: AT_MS - 5 * MINUTE_MS, etaToMs: AT_MS + 7 * MINUTE_MS };
const later = { etaMs: AT_MS + 60_000, etaFromMs: AT_MS, etaToMs: AT_MS + 4 * MINUTE_MS };

describe('the tracking view', () => {
  it('gives the range of the status, and of the newest position while the driver is shown', async () => {
    assert.deepEqual(await shown('assigned', early, null), ['17:40', '17:35', '17:47']);
    assert.deepEqual(await shown('picked_up', early, later), ['17:41', '17:40', '17:44']);
    assert.deepEqual(await shown('pending', early, later), ['17:40', '17:35', '17:47']);
  });

  it('gives no range where none is known', async () => {
    assert.deepEqual(await shown('pending', { etaMs: null }, null), [null, null, null]);
    const bare = await shown('picked_up', early, { etaMs: AT_MS });
    assert.deepEqual(
      bare,
      ['17:40', null, null],
      'never the ends of one and the middle of another',
    );
  });
});
