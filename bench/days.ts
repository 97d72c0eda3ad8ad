/**
 * How much is planning together worth on real days? Each day is played twice on a simulated clock: by
 * the engine (as production decides, offers included) and by the nearest free courier, first come,
 * first served. Couriers, roads and kitchens are the same; `--speed S` gives the zone the policy that
 * `npm start -- --replay DIR --speed S` gives it, so that the full stack can be held against this.
 */

import { DEFAULT_POLICY } from '../contracts/zone.ts';
import { readDay } from '../demo/replay/day.ts';
import { EngineDispatcher } from './days/engine.ts';
import { GreedyDispatcher } from './days/greedy.ts';
import { type DayFigures, DayWorld } from './days/world.ts';
import type { BenchResult, Fact, Target } from './support/report.ts';
import { Samples } from './support/samples.ts';

const SEED = 1;
/** The speed of `npm start` where none is given. */
const SPEED_DEFAULT = 20;

export async function benchDays(args: readonly string[]): Promise<BenchResult> {
  const { speed, folders } = readArgs(args);
  const facts: Fact[] = [];
  const targets: Target[] = [];
  const rounds = new Samples();
  for (const folder of folders) {
    const world = new DayWorld(readDay(folder, speed));
    const engine = new EngineDispatcher(world, SEED);
    const ours = world.run(engine);
    engine.check();
    for (const ms of engine.roundMs) rounds.add(ms);
    const { name, zones } = world.scenario;
    const giveUpMs = zones[0]?.policy.giveUpMs ?? DEFAULT_POLICY.giveUpMs;
    const again = new DayWorld(readDay(folder, speed));
    const greedy = again.run(new GreedyDispatcher(again.scenario, giveUpMs));
    facts.push(...factsOf(name, 'Waggle', ours), ...factsOf(name, 'greedy', greedy));
    targets.push({
      what: `${name}: delivered, against greedy`,
      measured: ours.delivered,
      bound: greedy.delivered,
      sense: 'least',
      unit: 'orders',
    });
    targets.push({
      what: `${name}: excess, against greedy`,
      measured: ours.excessMs / 60_000,
      bound: greedy.excessMs / 60_000,
      sense: 'most',
      unit: 'min',
    });
  }
  facts.push({ what: 'a round, p50', value: rounds.quantile(0.5), unit: 'ms' });
  facts.push({ what: 'a round, p99', value: rounds.quantile(0.99), unit: 'ms' });
  return {
    name: 'days',
    question: `${folders.length} recorded days on a simulated clock, at the policy of speed ${speed}`,
    facts,
    targets,
    bottleneck: 'the couriers: a round takes a small part of the time between rounds',
  };
}

function readArgs(args: readonly string[]): { speed: number; folders: string[] } {
  const at = args.indexOf('--speed');
  const speed = at < 0 ? SPEED_DEFAULT : Number(args[at + 1]);
  const folders = args.filter((_, n) => at < 0 || (n !== at && n !== at + 1));
  if (!(speed >= 1 && speed <= 1_000)) throw new RangeError('--speed: a number from 1 to 1000');
  if (folders.length === 0) throw new RangeError('days: name at least one folder with a day');
  return { speed, folders };
}

function factsOf(day: string, who: string, figures: DayFigures): Fact[] {
  const minutes = (ms: number | null) => (ms === null ? Number.NaN : ms / 60_000);
  const { orders, delivered, p50Ms, p90Ms, excessMs } = figures;
  return [
    { what: `${day}, ${who}: delivered of ${orders}`, value: delivered, unit: 'orders' },
    { what: `${day}, ${who}: click-to-door p50`, value: minutes(p50Ms), unit: 'min' },
    { what: `${day}, ${who}: click-to-door p90`, value: minutes(p90Ms), unit: 'min' },
    { what: `${day}, ${who}: excess`, value: minutes(excessMs), unit: 'min' },
  ];
}
