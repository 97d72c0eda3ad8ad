/** How well the ranges hold that customers are told, as metrics of a dispatch node. */
import { Gauge, type Registry } from 'prom-client';
import type { NodePicture } from '../../contracts/push.ts';

const OUTCOMES = ['inside', 'before', 'after'] as const;

/** @param read the node's picture now; null before it started */
export function showEtaFigures(metrics: Registry, read: () => NodePicture | null): void {
  new Gauge({
    name: 'waggle_dispatch_eta_ranges',
    help: 'Deliveries that came to the door inside, before or after the range last told, by when it was told',
    labelNames: ['stage', 'outcome'],
    registers: [metrics],
    collect() {
      this.reset();
      for (const { etas = [] } of read()?.shards ?? []) {
        for (const stage of etas) {
          for (const outcome of OUTCOMES) this.inc({ stage: stage.stage, outcome }, stage[outcome]);
        }
      }
    },
  });
}
