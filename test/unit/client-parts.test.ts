import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ActionQueue } from '../../client/action-queue.ts';
import { HISTORY_MAX, PointBuffer } from '../../client/point-buffer.ts';
import { newId } from '../../contracts/ids.ts';
import type { DriverView } from '../../contracts/push.ts';
import { decodeLoc } from '../../contracts/wire/loc-frame.ts';
import type { ActAckMessage } from '../../contracts/wire/messages.ts';

const ZONE = newId('zone');
const delivery = newId('delivery');

function view(lastAction: number, zone = ZONE): DriverView {
  const plan = { planVersion: 0, stops: [], offer: null };
  const place = { slot: 0, tenancy: 1, version: 1, duty: 'available' } as const;
  return { driver: newId('driver'), zone, ...place, ...plan, lastAction };
}

function ack(action: number, seq = action, epoch = 1): ActAckMessage {
  return { t: 'actack', action, deed: 'arrived', epoch, seq };
}

const arrived = { kind: 'arrived', delivery } as const;
const pickedUp = { kind: 'picked_up', delivery } as const;

describe('the queue of actions', () => {
  it('numbers from where the zone is, and keeps a number until it is answered', async () => {
    const queue = new ActionQueue();
    queue.seen(view(6), { epoch: 1, seq: 1 }, 0);
    const first = queue.add(arrived, 10);
    const second = queue.add(pickedUp, 20);
    assert.equal(queue.next()?.action, 7);
    assert.equal(queue.next()?.action, 7);
    assert.equal(queue.answered(ack(7), ZONE, 0), 'done');
    assert.equal((await first).action, 7);
    const message = queue.next();
    assert.deepEqual([message?.action, message?.deed, message?.deviceMs], [8, pickedUp, 20]);
    assert.equal(queue.answered({ ...ack(8), refused: 'wrong_state' }, ZONE, 0), 'done');
    assert.equal((await second).refused, 'wrong_state');
  });

  it('tries again what was not taken in, with a number that fits', () => {
    const queue = new ActionQueue();
    queue.add(arrived, 0);
    queue.seen(view(0), { epoch: 1, seq: 1 }, 0);
    assert.equal(queue.next()?.action, 1);
    assert.equal(queue.answered({ ...ack(1), refused: 'driver_leaving' }, ZONE, 0), 'retry');
    assert.equal(queue.next()?.action, 1);
    queue.seen(view(4, newId('zone')), { epoch: 1, seq: 9 }, 0);
    assert.equal(queue.answered({ ...ack(1), refused: 'number_gap' }, ZONE, 0), 'retry');
    assert.equal(queue.next()?.action, 5);
  });

  it('reuses the number of what the gateway would not pass on', async () => {
    const queue = new ActionQueue();
    const result = queue.add(arrived, 0);
    assert.equal(queue.next()?.action, 1);
    assert.ok(queue.rejected(1, 'zone.none_here', 'none'));
    await assert.rejects(result, { code: 'zone.none_here' });
    queue.add(pickedUp, 0).catch(() => {});
    assert.equal(queue.next()?.action, 1);
  });

  it('sends acknowledged actions again when a later log has lost them, first and in order', async () => {
    const queue = new ActionQueue();
    queue.seen(view(0), { epoch: 1, seq: 1 }, 0);
    for (const deed of [arrived, pickedUp]) {
      const result = queue.add(deed, 5);
      queue.answered(ack(queue.next()?.action ?? 0, 50), ZONE, 1_000);
      await result;
    }
    const third = queue.add({ kind: 'delivered', delivery }, 6);
    assert.equal(queue.next()?.action, 3);
    // An older view that comes late proves nothing.
    queue.seen(view(1), { epoch: 1, seq: 40 }, 2_000);
    assert.equal(queue.next()?.action, 3);
    // A new epoch that knows only the first action does.
    queue.seen(view(1), { epoch: 2, seq: 41 }, 2_000);
    assert.deepEqual([queue.next()?.action, queue.next()?.deed], [2, pickedUp]);
    queue.answered(ack(2, 42, 2), ZONE, 3_000);
    assert.equal(queue.next()?.action, 3);
    queue.answered(ack(3, 43, 2), ZONE, 3_000);
    assert.equal((await third).action, 3);
  });

  it('forgets acknowledged actions after two minutes', async () => {
    const queue = new ActionQueue();
    queue.seen(view(0), { epoch: 1, seq: 1 }, 0);
    const result = queue.add(arrived, 5);
    queue.next();
    queue.answered(ack(1), ZONE, 0);
    await result;
    queue.seen(view(0), { epoch: 2, seq: 1 }, 121_000);
    assert.equal(queue.next(), null);
  });

  it('is bounded, and survives a restart of the app', async () => {
    let text: string | null = null;
    const storage = {
      load: () => text,
      save: (next: string) => {
        text = next;
      },
    };
    const queue = new ActionQueue(storage);
    for (let i = 0; i < 64; i++) queue.add(arrived, i).catch(() => {});
    await assert.rejects(queue.add(arrived, 65), { code: 'overflow' });
    queue.next();
    queue.answered(ack(1), ZONE, 0);
    const again = new ActionQueue(storage);
    assert.equal(again.size, 63);
    assert.equal(again.next()?.action, 2);
    assert.equal(again.next()?.deviceMs, 1);
  });
});

describe('the buffer of points', () => {
  const at = (deviceMs: number) => ({ lat: 52, lon: 13, deviceMs });

  it('sends only the newest when it is live', () => {
    const buffer = new PointBuffer();
    buffer.add(at(1), 1, true);
    buffer.add(at(2), 2, true);
    const frame = decodeLoc(buffer.takeLive(9, 3) ?? new Uint8Array());
    assert.deepEqual([frame.points[0]?.deviceMs, frame.session, frame.seq], [2, 9, 2]);
    assert.equal(buffer.takeLive(9, 3), null);
    assert.equal(buffer.dropped, 1);
  });

  it('keeps history while offline and uploads it in chunks, again after a lost connection', () => {
    const buffer = new PointBuffer();
    for (let i = 0; i < 101; i++) buffer.add(at(i * 1_000), 0, false);
    assert.equal(buffer.backlog, 100);
    const read = () => decodeLoc(buffer.nextChunk(1, 0) ?? new Uint8Array([1]));
    const first = read();
    assert.deepEqual([first.kind, first.seq, first.points.length], ['backlog', 1, 64]);
    assert.equal(buffer.nextChunk(1, 0), null);
    buffer.restart();
    assert.equal(read().seq, 1);
    buffer.confirmed(64);
    const second = read();
    assert.deepEqual([second.seq, second.points.length], [65, 36]);
    buffer.confirmed(100);
    assert.equal(buffer.backlog, 0);
  });

  it('keeps a point a second and an hour at most', () => {
    const buffer = new PointBuffer();
    for (let i = 0; i < 10; i++) buffer.add(at(i * 100), 0, false);
    assert.equal(buffer.backlog, 1);
    for (let i = 0; i < HISTORY_MAX + 50; i++) buffer.add(at(10_000 + i * 1_000), 0, false);
    assert.equal(buffer.backlog, HISTORY_MAX);
  });

  it('takes no place off the globe', () => {
    const buffer = new PointBuffer();
    assert.throws(() => buffer.add({ lat: Number.NaN, lon: 0 }, 0, true), RangeError);
    assert.throws(() => buffer.add({ lat: 91, lon: 0 }, 0, true), RangeError);
    assert.equal(buffer.reported, 0);
  });
});
