/** Adding up what the nodes say of themselves, over restarts; and the screen. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodePicture } from '../../contracts/push.ts';
import { NodeWatch } from '../../demo/node-watch.ts';
import { readOptions } from '../../demo/options.ts';
import { screenLines, sinceStart } from '../../demo/summary.ts';

type ShardPart = Partial<NodePicture['shards'][number]>;

function picture(node: string, indexed: number, shards: readonly ShardPart[] = []): NodePicture {
  return {
    node,
    atMs: 1_000,
    shards: shards.map((part) => ({
      shard: 1,
      epoch: 1,
      seq: 1,
      zones: ['zon_1'],
      drivers: 2,
      open: 1,
      idle: 1,
      oldestUnassignedMs: 90_000,
      mailboxLag: 0,
      takeoverMs: null,
      ...part,
    })),
    positions: { perSecond: 5, ageP50Ms: 20, ageP99Ms: 80, indexed, dropped: 1 },
  };
}

describe('watching the nodes', () => {
  it('counts positions since the first picture, also over a restart', () => {
    const watch = new NodeWatch();
    watch.take([picture('a', 1_000)]);
    watch.take([picture('a', 1_400)]);
    watch.take([picture('a', 50)]);
    assert.equal(watch.totals().indexed, 450);
    assert.deepEqual(watch.totals().ageMs, { p50: 20, p99: 80 });
  });

  it('notes takeovers of shards with zones during the run, each once', () => {
    const watch = new NodeWatch();
    watch.take([picture('a', 0, [{ epoch: 5, takeoverMs: 900 }])]);
    watch.take([picture('b', 0, [{ epoch: 6, takeoverMs: 2_345.6 }])]);
    watch.take([picture('b', 0, [{ epoch: 6, takeoverMs: 2_345.6 }])]);
    assert.deepEqual(watch.takeoversMs, [2_346]);
  });

  it('names the owner of the shard with most open deliveries', () => {
    const watch = new NodeWatch();
    watch.take([
      picture('a', 0, [{ shard: 1, open: 3, drivers: 900 }]),
      picture('b', 0, [{ shard: 2, open: 4, drivers: 1 }]),
    ]);
    const busiest = watch.busiest();
    assert.deepEqual([busiest?.node, busiest?.shard], ['b', 2]);
  });
});

describe('the screen', () => {
  it('shows every figure of the run on one screen', () => {
    const watch = new NodeWatch();
    watch.take([picture('dispatch-1', 0, [{}]), picture('dispatch-2', 0, [{ shard: 2 }])]);
    const text = screenLines({
      title: 'city',
      page: 'http://x/',
      speed: 20,
      seconds: 12,
      stage: 'running',
      placed: 7,
      sagas: { preparing: 2 },
      deliveries: { delivered: 3 },
      offers: { accepted: 4 },
      clickToDoorMs: { p50: 60_000, p90: 120_000 },
      onTimePercent: 99,
      onDuty: 8,
      positionsSent: 50,
      positions: watch.totals(),
      pictures: watch.pictures,
      takeoversMs: [1_234],
      zoneTime: '12:00:00',
    }).join('\n');
    for (const part of [
      /×20 {2}http:\/\/x\//,
      /preparing 2/,
      /delivered 3/,
      /accepted 4/,
      /p50 1\.0 min {2}p90 2\.0 min {3}on time 99 %/,
      /open per idle 1\.00 \(2\/2\)/,
      /oldest unassigned 1\.5 min/,
      /10\/s/,
      /dispatch-1: 1 shards \(s1\) {3}dispatch-2: 1 shards \(s2\)/,
      /1234 ms/,
    ]) {
      assert.match(text, part);
    }
  });

  it('counts from the start of the run', () => {
    assert.deepEqual(sinceStart({ delivered: 9, failed: 2 }, { delivered: 4, failed: 2 }), {
      delivered: 5,
    });
  });
});

describe('the options', () => {
  it('are read as the launcher hands them on', () => {
    const options = readOptions([
      '--speed',
      '60',
      '--seconds',
      '30',
      '--json',
      '--kill',
      'orders@2.5',
    ]);
    assert.deepEqual(options.kills, [{ target: 'orders', atSeconds: 2.5 }]);
    assert.deepEqual([options.speed, options.seconds, options.json], [60, 30, true]);
  });

  it('are refused with a line that names the wrong one', () => {
    assert.throws(() => readOptions(['--kill', 'x']), /--kill x: expected NAME@SECONDS/);
    assert.throws(() => readOptions(['--drivers', 'many']), /--drivers many: expected a number/);
  });
});
