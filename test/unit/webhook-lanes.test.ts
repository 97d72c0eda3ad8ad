/** Lanes: so much at once of each owner, in order, nobody behind anybody else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLanes } from '../../services/webhooks/lanes.ts';

function bench() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const lanes = createLanes<string>(2, (name) => {
    begun.push(name);
    return new Promise((resolve) => ends.set(name, resolve));
  });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { lanes, begun, end };
}

describe('lanes', () => {
  it('begin so much of each owner, and the next when one ends', async () => {
    const { lanes, begun, end } = bench();
    for (const item of ['a1', 'a2', 'a3', 'a4', 'b1']) lanes.add(item.slice(0, 1), item);
    assert.deepEqual(begun, ['a1', 'a2', 'b1']);
    assert.deepEqual([lanes.size, lanes.counts()], [5, { a: 4, b: 1 }]);
    await end('a2');
    assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3']);
    await end('b1');
    assert.deepEqual([lanes.size, lanes.counts()], [3, { a: 3 }]);
  });

  it('give back what never began, when what did has ended', async () => {
    const { lanes, begun, end } = bench();
    for (const item of ['a1', 'a2', 'a3', 'a4']) lanes.add('a', item);
    const stopping = lanes.stop();
    await end('a1');
    await end('a2');
    assert.deepEqual(await stopping, ['a3', 'a4']);
    assert.deepEqual(begun, ['a1', 'a2']);
  });
});
