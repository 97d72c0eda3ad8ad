/**
 * A routes source in the simulator: answers late, in part, out of order, sometimes nonsense, as the
 * plan says. What zones plan with must then still come back from every restore and audit.
 */
import type { RoutedAnswer } from '../../contracts/events.ts';
import type { RoutesPicture } from '../../contracts/push.ts';
import type { RouteWant } from '../core/index.ts';
import type { RoutesPort, RoutesTold } from '../runtime/routes-port.ts';
import type { Agenda } from './agenda.ts';
import type { FaultPlan } from './fault-plan.ts';
import { Random } from './random.ts';

/** Of the answers that come, one in this many is nonsense. */
const NONSENSE_ONE_IN = 20;
const MAX_MMPS = 9_000;
const MIN_MMPS = 2_000;

export class SimRoutes implements RoutesPort {
  readonly ready = true;
  private readonly plan: FaultPlan;
  private readonly agenda: Agenda;
  private readonly random: Random;

  constructor(plan: FaultPlan, agenda: Agenda, name: string) {
    this.plan = plan;
    this.agenda = agenda;
    this.random = new Random(plan.seed, `${name}/routes`);
  }

  ask(wants: readonly RouteWant[], tell: (told: RoutesTold) => void): void {
    const { random } = this;
    for (const want of wants) {
      if (!random.chance(this.plan.routesAnswered)) continue;
      const holdsMs = random.integer(1_000, 300_000);
      const told = { source: 'sim', holdsMs, times: [this.answer(want)] };
      this.agenda.in(random.integer(1, this.plan.delayMsMax), () => tell(told));
    }
  }

  picture(): RoutesPicture {
    throw new Error('nobody looks at the figures of a run');
  }

  close(): void {}

  private answer({ vehicle, areas, meters }: RouteWant): RoutedAnswer {
    const mmps = this.random.integer(MIN_MMPS, MAX_MMPS);
    const isNonsense = this.random.integer(1, NONSENSE_ONE_IN) === 1;
    const ms = isNonsense ? -mmps : Math.round((meters * 1_000_000) / mmps);
    return [vehicle, areas.from, areas.to, ms, meters];
  }
}
