/** Figures of the saga: where orders stand, how long steps take, what ran out of time or was undone. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Database } from '../../../platform/database.ts';
import { countOpen } from './saga-rows.ts';
import { type Saga, type SagaInput, STEP_NAMES } from './saga-state.ts';

const UNDOING: readonly Saga['step'][] = ['calling_off', 'undoing', 'refunding'];

export interface SagaFigures {
  /** One input was taken in. */
  stepped(before: Saga, after: Saga, input: SagaInput, nowMs: number): void;
  /** How long the nearest timer has been due, zone ms; negative: it is not. */
  waited(lateMs: number): void;
}

export function createSagaFigures(metrics: Registry, database: Database): SagaFigures {
  const registers = [metrics];
  new Gauge({
    name: 'waggle_orders_open',
    help: 'Orders whose saga is not done, by step.',
    labelNames: ['step'],
    registers,
    async collect() {
      const counts = new Map((await countOpen(database.knex)).map((row) => [row.step, row.count]));
      for (const name of STEP_NAMES) this.set({ step: name }, counts.get(name) ?? 0);
    },
  });
  const durations = new Histogram({
    name: 'waggle_order_step_seconds',
    help: 'Zone seconds that orders spent in a step.',
    labelNames: ['step'],
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400],
    registers,
  });
  const timeOuts = new Counter({
    name: 'waggle_order_time_outs_total',
    help: 'Timers of steps that fired, by step; those of waiting are not counted.',
    labelNames: ['step'],
    registers,
  });
  const compensations = new Counter({
    name: 'waggle_order_compensations_total',
    help: 'Steps taken back, by what was done and why the order ended.',
    labelNames: ['step', 'reason'],
    registers,
  });
  const checks = new Counter({
    name: 'waggle_order_checks_total',
    help: 'Outcomes of the fraud rules.',
    labelNames: ['outcome'],
    registers,
  });
  const lag = new Gauge({
    name: 'waggle_order_timers_late_zone_ms',
    help: 'How long the oldest timer of an order has been due, zone ms.',
    registers,
  });
  return {
    waited: (lateMs) => lag.set(Math.max(0, lateMs)),
    stepped(before, after, input, nowMs) {
      if (input.type === 'timer' && before.step !== 'waiting') timeOuts.inc({ step: before.step });
      if (input.type === 'checked') checks.inc({ outcome: input.outcome });
      if (before.step === after.step) return;
      durations.observe({ step: before.step }, Math.max(0, nowMs - before.sinceMs) / 1000);
      if (!UNDOING.includes(after.step)) return;
      const reason = after.step === 'refunding' ? 'refund' : (after.ending?.reason.code ?? 'none');
      compensations.inc({ step: after.step, reason });
    },
  };
}
