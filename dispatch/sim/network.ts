/**
 * Everything between the outside and the engine: delays, loses and doubles messages as the plan
 * says. Order is kept only as far as delays happen to keep it.
 */
import type { Envelope } from '../../contracts/commands.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { MailboxPort } from '../runtime/ports.ts';
import type { Agenda } from './agenda.ts';
import type { FaultPlan } from './fault-plan.ts';
import { Random } from './random.ts';

export class Network {
  /** Off: nothing is lost any more, and delays are short. */
  faulty = true;
  readonly agenda: Agenda;
  private readonly plan: FaultPlan;
  private readonly random: Random;
  private readonly mailbox: MailboxPort;
  private readonly shardOf: (zone: ZoneId) => number;

  constructor(deps: {
    readonly agenda: Agenda;
    readonly plan: FaultPlan;
    readonly mailbox: MailboxPort;
    readonly shardOf: (zone: ZoneId) => number;
  }) {
    this.agenda = deps.agenda;
    this.plan = deps.plan;
    this.random = new Random(deps.plan.seed, 'network');
    this.mailbox = deps.mailbox;
    this.shardOf = deps.shardOf;
  }

  /** Towards a mailbox. */
  send(envelope: Envelope): void {
    this.carry(() => {
      void this.mailbox.append(this.shardOf(envelope.zone), [envelope]);
    });
  }

  /** Towards a phone. */
  deliver(run: () => void): void {
    this.carry(run);
  }

  private carry(run: () => void): void {
    const { drop, duplicate, delayMsMax } = this.plan;
    if (!this.faulty) return this.agenda.in(1, run);
    if (this.random.chance(drop)) return;
    this.agenda.in(this.random.integer(1, delayMsMax), run);
    if (this.random.chance(duplicate)) this.agenda.in(this.random.integer(1, delayMsMax), run);
  }
}
