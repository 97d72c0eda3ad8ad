/** What a dispatch node shows of its shadows to Prometheus. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import type { OutcomeFigures, PlanFigures, ShadowReport } from '../../contracts/shadow.ts';
import { showShadows } from '../../services/dispatch/shadow-metrics.ts';
import { zoneConfig } from '../support/core-fixtures.ts';

const { id: zone } = zoneConfig(1);

function plans(cost: number): PlanFigures {
  const times = { pickupDelayMs: 1, doorDelayMs: 2, lateMs: 3, unseated: 0 };
  return { costUnderLive: cost, costUnderShadow: cost + 1, ...times };
}

function outcomes(clickToDoorP50Ms: number | null): OutcomeFigures {
  const counts = { requested: 9, delivered: 7, undelivered: 1, cancelled: 0, open: 1 };
  const times = { clickToDoorP90Ms: null, lateMeanMs: null, driveMsPerDelivery: null };
  return { ...counts, clickToDoorP50Ms, ...times };
}

const REPORT: ShadowReport = {
  ...{ v: 1, zone, node: 'n', atMs: 0 },
  versions: { live: 1, shadow: 2, engine: 'e' },
  window: { fromMs: 0, toMs: 1 },
  following: {
    ...{ lagRecords: 5, roundsSkipped: 0, drops: 1, recordsDropped: 70, resumes: 0 },
    ...{ failures: 0, workedMs: 40 },
  },
  predicted: {
    ...{ rounds: 4, deliveries: 12, seatedByBoth: 10, moved: 3 },
    ...{ live: plans(100), shadow: plans(90) },
  },
  simulated: {
    ...{ live: outcomes(1_000), shadow: outcomes(900), real: outcomes(null) },
    ...{ acceptPerMille: 900, pairs: 7, blocks: 2, onlyLive: 0, onlyShadow: 0 },
    ...{ clickToDoor: null, late: null, verdict: 'too_early', says: '' },
  },
};

test('figures by zone, side and weights; a zone that is tried no more is gone', async () => {
  const registry = new Registry();
  let reports: readonly ShadowReport[] = [REPORT];
  showShadows(registry, () => reports);
  const text = await registry.metrics();
  const has = (line: string) => assert.ok(text.includes(line), `${line}\n${text}`);
  has(`waggle_shadow_lag_records{zone="${zone}"} 5`);
  has(`waggle_shadow_moved_ratio{zone="${zone}"} 0.3`);
  has(`waggle_shadow_predicted_cost_seconds{zone="${zone}",side="shadow",weights="live"} 90`);
  has(`waggle_shadow_click_to_door_ms{zone="${zone}",side="live",quantile="0.5"} 1000`);
  has(`waggle_shadow_undelivered{zone="${zone}",side="real"} 1`);
  assert.ok(!text.includes('side="real",quantile'), 'what is not known is not shown');
  reports = [];
  assert.ok(!(await registry.metrics()).includes(zone));
});
