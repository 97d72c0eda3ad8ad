/** What the live page believes, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CellPicture, MapDriver, NodePicture } from '../../contracts/push.ts';
import { CELL_SILENT_MS, LiveState } from '../../web/live/live-state.ts';

const A = '862830807ffffff';
const B = '86283080fffffff';

function driver(d: string, a = 0, lat = 377_000_000): MapDriver {
  return { d, a, lat, lon: -1_224_000_000 };
}

function picture(cell: string, atMs: number, part: Partial<CellPicture> = {}): CellPicture {
  return { zone: 'zon_1', cell, atMs, drivers: [], deliveries: [], idle: [], ...part };
}

function node(name: string, epoch: number): NodePicture {
  const shard = { shard: 3, epoch, seq: 1, zones: [], drivers: 0, open: 0, idle: 0 };
  const rest = { oldestUnassignedMs: null, mailboxLag: 0, takeoverMs: null };
  const positions = { perSecond: 10, ageP50Ms: 1, ageP99Ms: 5, indexed: 0, dropped: 0 };
  return { node: name, atMs: 1, shards: [{ ...shard, ...rest }], positions };
}

test('a driver listed by two cells is shown once, where the newest picture has it', () => {
  const state = new LiveState();
  state.applyCell(picture(A, 1, { drivers: [driver('d1', 0, 1)] }), 0);
  state.applyCell(picture(B, 2, { drivers: [driver('d1', 2, 2)] }), 0);
  assert.equal(state.drivers.size, 1);
  // The old cell forgets the driver; the new one still has it.
  state.applyCell(picture(A, 3), 0);
  assert.equal(state.drivers.get('d1')?.activity, 2);
  state.applyCell(picture(B, 4), 0);
  assert.equal(state.drivers.size, 0);
});

test('what is noted of a driver goes with the next picture', () => {
  const state = new LiveState();
  const told = (n: MapDriver['n'], atMs: number) => {
    const listed = { ...driver('d1'), ...(n === undefined ? {} : { n }) };
    state.applyCell(picture(A, atMs, { drivers: [listed] }), 0);
    return state.drivers.get('d1')?.note;
  };
  const notes = [told('waits', 1), told('stalled', 2), told(undefined, 3)];
  assert.deepEqual(notes, ['waits', 'stalled', undefined]);
});

test('a picture older than the last one of its cell changes nothing', () => {
  const state = new LiveState();
  state.applyCell(picture(A, 5, { drivers: [driver('d1')], idle: [['x', 1]] }), 0);
  assert.equal(state.applyCell(picture(A, 4), 0), false);
  assert.equal(state.drivers.size, 1);
  assert.deepEqual(state.idleByCell(), [['x', 1]]);
});

test('a position of the past never moves a driver back', () => {
  const state = new LiveState();
  state.applyCell(picture(A, 9, { drivers: [driver('d1', 0, 100)] }), 0);
  state.applyCell(picture(B, 8, { drivers: [driver('d1', 0, 50)] }), 0);
  assert.equal(state.drivers.get('d1')?.toLat, 100 / 1e7);
});

test('an ended delivery is not revived by a late picture of another cell', () => {
  const state = new LiveState();
  const base = { id: 'del_1', p: [0, 0], q: [1, 1], eta: null, drv: null } as const;
  state.applyCell(picture(A, 5, { deliveries: [{ ...base, s: 'delivered' }] }), 0);
  state.applyCell(picture(B, 6, { deliveries: [{ ...base, s: 'at_dropoff' }] }), 0);
  assert.equal(state.deliveries.get('del_1')?.picture.s, 'delivered');
});

test('two zones in one coarse cell add up their idle drivers', () => {
  const state = new LiveState();
  state.applyCell(picture(A, 1, { idle: [['x', 2]] }), 0);
  state.applyCell(picture(A, 1, { zone: 'zon_2', idle: [['x', 3]] }), 0);
  assert.deepEqual(state.idleByCell(), [['x', 5]]);
});

test('a cell that left the view or fell silent is taken off with all it showed', () => {
  const state = new LiveState();
  state.applyCell(picture(A, 1, { drivers: [driver('d1')] }), 0);
  state.applyCell(picture(B, 1, { drivers: [driver('d2')] }), 0);
  state.prune(new Set([A]), 10);
  assert.deepEqual([...state.drivers.keys()], ['d1']);
  state.prune(new Set([A]), CELL_SILENT_MS + 1);
  assert.equal(state.drivers.size, 0);
});

test('after a long break in the line, nothing is taken off before it could be heard', () => {
  const state = new LiveState();
  state.applyCell(picture(A, 1, { drivers: [driver('d1')] }), 0);
  state.resumed(60_000);
  state.prune(new Set([A]), 61_000);
  assert.equal(state.drivers.size, 1);
});

test('of two nodes that claim a shard, the greater epoch owns it', () => {
  const state = new LiveState();
  state.applyNode(node('dispatch-2', 20), 0);
  state.applyNode(node('dispatch-1', 10), 0);
  assert.deepEqual(
    state.shards(0).map((row) => row.node),
    ['dispatch-2'],
  );
  assert.equal(state.positions(0).perSecond, 20);
  assert.equal(state.positions(60_000).perSecond, 0, 'silent nodes have no rate');
});

test('whatever order pictures come in, each cell shows its newest', () => {
  const cell = fc.constantFrom(A, B);
  const entry = fc.record({ cell, atMs: fc.integer({ min: 1, max: 30 }), count: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
      const state = new LiveState();
      const newest = new Map<string, { atMs: number; count: number }>();
      for (const { cell: at, atMs, count } of entries) {
        const drivers = Array.from({ length: count }, (_, index) => driver(`${at}-${index}`));
        state.applyCell(picture(at, atMs, { drivers }), atMs);
        if (atMs >= (newest.get(at)?.atMs ?? 0)) newest.set(at, { atMs, count });
      }
      const expected = [...newest.values()].reduce((sum, { count }) => sum + count, 0);
      assert.equal(state.drivers.size, expected);
    }),
  );
});
