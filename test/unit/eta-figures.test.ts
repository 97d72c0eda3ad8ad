import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import type { NodePicture } from '../../contracts/push.ts';
import { showEtaFigures } from '../../services/dispatch/eta-figures.ts';

function picture(...inside: readonly number[]): NodePicture {
  const shard = { epoch: 1, seq: 1, zones: [], drivers: 0, open: 0, idle: 0 };
  return {
    node: 'n1',
    atMs: 0,
    shards: inside.map((count, index) => ({
      ...shard,
      ...{ shard: index, oldestUnassignedMs: null, mailboxLag: 0, takeoverMs: null },
      etas: [{ stage: 'picked_up', inside: count, before: 1, after: 2 }],
    })),
    positions: { perSecond: 0, ageP50Ms: 0, ageP99Ms: 0, indexed: 0, dropped: 0 },
  };
}

describe('the metric of told ranges', () => {
  it('adds up the shards of a node by stage and outcome, and shows nothing before it starts', async () => {
    const metrics = new Registry();
    let shown: NodePicture | null = null;
    showEtaFigures(metrics, () => shown);
    assert.ok(!(await metrics.metrics()).includes('stage='));
    shown = picture(5, 7);
    const text = await metrics.metrics();
    assert.match(text, /waggle_dispatch_eta_ranges\{stage="picked_up",outcome="inside"\} 12/);
    assert.match(text, /waggle_dispatch_eta_ranges\{stage="picked_up",outcome="after"\} 4/);
    // Asked again it says the same, not twice as much.
    assert.equal(await metrics.metrics(), text);
  });
});
