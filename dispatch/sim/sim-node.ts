/**
 * A dispatch node in the simulator: hosts for every shard, on a view of the store that dies, fails,
 * loses answers and stalls as the plan says. A dead node's promises never settle, as a dead process's
 * do not; what it had in memory is gone.
 */
import type { Shard, ShardCopy } from '../core/index.ts';
import type { ManualClock } from '../memory/manual-clock.ts';
import { memoryPorts } from '../memory/memory-ports.ts';
import type { FaultPoint, MemoryStore } from '../memory/memory-store.ts';
import { coreEngine } from '../runtime/core-engine.ts';
import { ShardHost } from '../runtime/shard-host.ts';
import type { Agenda } from './agenda.ts';
import type { FaultPlan } from './fault-plan.ts';
import { Random } from './random.ts';
import { SimRoutes } from './sim-routes.ts';

export interface SimNodeDeps {
  readonly plan: FaultPlan;
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  readonly agenda: Agenda;
  readonly shards: number;
  /** Called with what must hold and does not. */
  readonly blame: (problem: string) => void;
}

const RESTART_MS_MAX = 6_000;

interface Slot {
  readonly host: ShardHost<Shard, ShardCopy>;
  running: boolean;
}

export class SimNode {
  crashes = 0;
  /** Off: the node lives and works. */
  faulty = true;
  private readonly deps: SimNodeDeps;
  private readonly name: string;
  private readonly random: Random;
  private slots: Slot[] = [];
  private life = 0;
  private nonces = 0;
  private frozenUntilMs = 0;

  constructor(deps: SimNodeDeps, index: number) {
    this.deps = deps;
    this.name = `node-${index}`;
    this.random = new Random(deps.plan.seed, this.name);
    this.start();
  }

  hosts(): readonly ShardHost<Shard, ShardCopy>[] {
    return this.slots.map((slot) => slot.host);
  }

  /** Starts a turn of every host that is not in the middle of one. */
  turn(): void {
    if (this.deps.agenda.nowMs < this.frozenUntilMs) return;
    for (const slot of this.slots) {
      if (slot.running) continue;
      slot.running = true;
      const done = (): void => {
        slot.running = false;
      };
      slot.host.advance().then(done, (error: unknown) => {
        this.deps.blame(`${this.name}: ${String(error)}`);
      });
    }
  }

  /** Draws whether the node stands still now; to be called once a second. */
  maybeFreeze(): void {
    const { plan, agenda } = this.deps;
    if (!this.faulty || !this.random.chance(plan.freeze)) return;
    this.frozenUntilMs = agenda.nowMs + this.random.integer(100, plan.freezeMsMax);
  }

  private start(): void {
    const life = ++this.life;
    const view = this.deps.store.withFaults((operation, point) =>
      this.disturb(life, operation, point),
    );
    const ports = memoryPorts(view, this.deps.clock);
    const { plan, agenda } = this.deps;
    const routes =
      plan.routesAnswered > 0 ? new SimRoutes(plan, agenda, `${this.name}/${life}`) : null;
    this.slots = Array.from({ length: this.deps.shards }, (_, shard) => ({
      running: false,
      host: new ShardHost({
        shard,
        owner: this.name,
        engine: coreEngine,
        ports,
        report: () => {},
        snapshotRecords: this.deps.plan.snapshotRecords,
        newNonce: () => `${this.name}/${++this.nonces}`,
        ...(routes ? { routes } : {}),
        stopwatchMs: () => 0,
        pause: (ms) => new Promise((resolve) => this.deps.agenda.in(ms, resolve)),
        onCommitted: (state, record) => {
          const broken = coreEngine.check(state);
          for (const problem of broken) this.deps.blame(`${shard}/${record.seq}: ${problem}`);
        },
      }),
    }));
  }

  private disturb(life: number, operation: string, point: FaultPoint): Promise<void> | void {
    if (life !== this.life) return new Promise(() => {});
    if (!this.faulty) return;
    const { plan, agenda } = this.deps;
    if (this.random.chance(plan.crash)) {
      this.die();
      return new Promise(() => {});
    }
    const isCommit = operation === 'log.commit';
    // Standing still between deciding and committing is what the fence is for.
    if (isCommit && point === 'before' && this.random.chance(plan.freeze / 5)) {
      const ms = this.random.integer(100, plan.freezeMsMax);
      this.frozenUntilMs = agenda.nowMs + ms;
      return new Promise((resolve) => agenda.in(ms, resolve));
    }
    const probability = point === 'before' ? plan.fail : plan.loseAnswer;
    if (this.random.chance(probability)) throw new Error(`${operation}: lost ${point}`);
  }

  private die(): void {
    this.crashes++;
    this.life++;
    this.slots = [];
    this.deps.agenda.in(this.random.integer(100, RESTART_MS_MAX), () => this.start());
  }
}
