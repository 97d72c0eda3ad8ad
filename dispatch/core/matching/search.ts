/**
 * Ruin and recreate over chains (Schrimpf et al. 2000; removal of related tasks as in Shaw 1998):
 * take a few tasks that belong together out of their chains, put each back at its cheapest place,
 * keep what is no worse. Anytime: it stops after a number of steps, never by the clock, so the same
 * input and seed give the same chains.
 */

import type { RandomStream } from '../random.ts';
import type { Carrier, ChainCosts, Run, Task, Walk } from './chains.ts';

/** Tasks taken out in one step: one alone mostly goes back to where it was. */
const RUIN_LEAST = 2;
const RUIN_MAX = 8;
/** Tasks that are looked at to find related ones; keeps a step's work bounded in a large backlog. */
const RELATED_POOL = 96;

/**
 * How unlike two tasks are is blurred from an eighth to twice, in 1024ths: near ones are likely to go
 * together, and those that are only somewhat near have their turn.
 */
const ALIKE_LEAST = 128;
const ALIKE_SPAN = 2048;

/** A cost in a ruined chain is blurred by ±5 %, in 1024ths. */
const BLUR_LEAST = 973;
const BLUR_SPAN = 103;
const NEVER = Number.POSITIVE_INFINITY;

interface Likely {
  readonly carrier: number;
  readonly least: number;
}

interface Place {
  readonly carrier: number;
  readonly run: number;
  /** Position in the run, or -1 for a run of its own. */
  readonly at: number;
  readonly cost: number;
}

export class ChainSearch {
  /** Per carrier the runs of its chain. */
  readonly chains: Run[][];
  /** Per task its carrier, or -1. */
  readonly carrierOf: Int32Array;
  private readonly costs: Float64Array;
  private readonly carriers: readonly Carrier[];
  private readonly tasks: readonly Task[];
  private readonly model: ChainCosts;
  private readonly random: RandomStream;
  private readonly free: readonly Task[];
  private readonly likely: (readonly Likely[] | undefined)[] = [];

  constructor(
    problem: { readonly carriers: readonly Carrier[]; readonly tasks: readonly Task[] },
    start: Run[][],
    model: ChainCosts,
    random: RandomStream,
  ) {
    this.carriers = problem.carriers;
    this.tasks = problem.tasks;
    this.free = problem.tasks.filter((task) => task.fixedTo === null);
    this.model = model;
    this.random = random;
    this.chains = start;
    this.costs = new Float64Array(this.carriers.length);
    this.carrierOf = new Int32Array(this.tasks.length).fill(-1);
    this.carriers.forEach((_, n) => {
      this.adopt(n);
    });
  }

  /** Takes the given chain of a carrier in; what has become impossible is taken apart. */
  private adopt(n: number): void {
    const carrier = this.carriers[n] as Carrier;
    let runs = this.chains[n] ?? [];
    let cost = this.model.cost(carrier, runs);
    while (cost === Number.POSITIVE_INFINITY && runs.length > (carrier.committed ? 1 : 0)) {
      runs = runs.slice(0, -1);
      cost = this.model.cost(carrier, runs);
    }
    if (cost === Number.POSITIVE_INFINITY && carrier.committed) {
      runs = [(runs[0] ?? []).filter((task) => task.fixedTo !== null)];
      cost = this.model.cost(carrier, runs);
    }
    this.chains[n] = runs;
    // A committed run stays whatever it costs now; it only must not grow worse by what joins it.
    this.costs[n] = cost === Number.POSITIVE_INFINITY ? 0 : cost;
    for (const run of runs) for (const task of run) this.carrierOf[task.index] = n;
  }

  /** What a task would add to a chain at its cheapest place, weighted ms; null: no place is allowed. */
  costOfJoining(carrier: number, task: Task): number | null {
    return this.cheapest(carrier, task)?.cost ?? null;
  }

  /**
   * The runs of a carrier with a task at its cheapest place among them, and the weighted ms it adds
   * there; null: no place is allowed. Changes nothing: for explanations.
   */
  joined(n: number, task: Task, runs: readonly Run[]): { runs: Run[]; cost: number } | null {
    const chain = this.chains[n] as Run[];
    const cost = this.costs[n] as number;
    const tried = runs.map((run) => run.slice());
    this.chains[n] = tried;
    this.recost(n);
    const place = this.cheapest(n, task);
    this.chains[n] = chain;
    this.costs[n] = cost;
    if (!place) return null;
    insertInto(tried, task, place);
    return { runs: tried, cost: place.cost };
  }

  /** Weighted cost of all chains and of what has no place. */
  get planCost(): number {
    return this.total();
  }

  /** Puts tasks into the chains that were chosen for them, each at its cheapest place. */
  seat(chosen: ReadonlyMap<number, number>): void {
    for (const [index, carrier] of chosen) {
      const task = this.tasks[index];
      if (!task || carrier < 0) continue;
      const place = this.cheapest(carrier, task);
      if (place) this.put(task, place);
    }
  }

  /** Puts every task that has no place where it is cheapest, in the given order. */
  fill(): void {
    for (const task of this.free) if (this.carrierOf[task.index] === -1) this.insert(task, false);
  }

  /** Runs the given number of ruin-and-recreate steps. */
  improve(steps: number): void {
    if (this.free.length === 0) return;
    let current = this.total();
    for (let n = 0; n < steps; n++) {
      const ruined = this.related();
      const undo = this.remember(ruined);
      for (const task of ruined) this.remove(task);
      for (const task of this.shuffled(ruined)) this.insert(task, true);
      const total = this.total();
      if (total <= current) current = total;
      else undo();
    }
  }

  private total(): number {
    let sum = 0;
    for (const cost of this.costs) sum += cost;
    for (const task of this.free) if (this.carrierOf[task.index] === -1) sum += task.stayOut;
    return sum;
  }

  /** A random task and those most like it: near vendor, near ready time, same chain. */
  private related(): Task[] {
    const seed = this.free[this.random.below(this.free.length)] as Task;
    const most = Math.min(this.free.length, RUIN_MAX);
    const least = Math.min(most, RUIN_LEAST);
    const count = least + this.random.below(most - least + 1);
    const pool =
      this.free.length <= RELATED_POOL
        ? this.free
        : Array.from(
            { length: RELATED_POOL },
            () => this.free[this.random.below(this.free.length)] as Task,
          );
    const likes: number[] = [];
    const chosen: Task[] = [];
    for (const task of pool) {
      if (task === seed || chosen.includes(task)) continue;
      const unlike = this.unlikeness(seed, task) * (ALIKE_LEAST + this.random.below(ALIKE_SPAN));
      let at = chosen.length;
      while (at > 0 && (likes[at - 1] as number) > unlike) at--;
      if (at >= count - 1) continue;
      chosen.splice(at, 0, task);
      likes.splice(at, 0, unlike);
      if (chosen.length >= count) {
        chosen.pop();
        likes.pop();
      }
    }
    return [seed, ...chosen];
  }

  private unlikeness(a: Task, b: Task): number {
    const [x] = a.unit;
    const [y] = b.unit;
    if (!x || !y) return 0;
    const latE7 = Math.abs(x.request.pickup.latE7 - y.request.pickup.latE7);
    const lonE7 = Math.abs(x.request.pickup.lonE7 - y.request.pickup.lonE7);
    // About a second per 5 metres (450 E7), half of the difference in ready times beside it.
    const apart = (latE7 + lonE7) / 0.45 + Math.abs(x.readyMs - y.readyMs) / 2;
    const carrier = this.carrierOf[a.index] as number;
    const together = carrier >= 0 && carrier === this.carrierOf[b.index];
    return together ? apart / 4 : apart;
  }

  private shuffled(tasks: readonly Task[]): Task[] {
    const order = tasks.slice();
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.random.below(i + 1);
      const other = order[j] as Task;
      order[j] = order[i] as Task;
      order[i] = other;
    }
    return order;
  }

  /** Remembers the chains of the given tasks; the result puts everything back. */
  private remember(tasks: readonly Task[]): () => void {
    const owners = tasks.map((task) => this.carrierOf[task.index] as number);
    const saved = new Map<number, { runs: Run[]; cost: number }>();
    for (const owner of owners) {
      if (owner < 0 || saved.has(owner)) continue;
      const runs = (this.chains[owner] ?? []).map((run) => run.slice());
      saved.set(owner, { runs, cost: this.costs[owner] as number });
    }
    return () => {
      for (const task of tasks) this.remove(task);
      for (const [owner, { runs, cost }] of saved) {
        this.chains[owner] = runs;
        this.costs[owner] = cost;
      }
      tasks.forEach((task, n) => {
        this.carrierOf[task.index] = owners[n] as number;
      });
    };
  }

  private remove(task: Task): void {
    const owner = this.carrierOf[task.index] as number;
    if (owner < 0) return;
    const runs = this.chains[owner] as Run[];
    for (let n = 0; n < runs.length; n++) {
      const run = runs[n] as Run;
      const at = run.indexOf(task);
      if (at < 0) continue;
      run.splice(at, 1);
      if (run.length === 0) runs.splice(n, 1);
      break;
    }
    this.carrierOf[task.index] = -1;
    this.recost(owner);
  }

  private recost(owner: number): void {
    const cost = this.model.cost(this.carriers[owner] as Carrier, this.chains[owner] ?? []);
    this.costs[owner] = cost === Number.POSITIVE_INFINITY ? 0 : cost;
  }

  private insert(task: Task, blurred: boolean): void {
    let best: Place | null = null;
    let bestCost = task.stayOut;
    for (const { carrier: n, least } of this.likelyFor(task)) {
      if ((least * BLUR_LEAST) / 1024 >= bestCost) break;
      const found = this.cheapest(n, task);
      if (!found) continue;
      // The blur leads out of places that are only locally the best.
      const cost = blurred
        ? (found.cost * (BLUR_LEAST + this.random.below(BLUR_SPAN))) / 1024
        : found.cost;
      if (cost < bestCost) {
        bestCost = cost;
        best = found;
      }
    }
    if (best) this.put(task, best);
  }

  /** Carriers of a task by what having it would cost each at least; those who cannot are left out. */
  likelyFor(task: Task): readonly Likely[] {
    const known = this.likely[task.index];
    if (known) return known;
    const made = task.carriers
      .map((carrier) => ({
        carrier,
        least: this.model.atLeast(this.carriers[carrier] as Carrier, task),
      }))
      .filter(({ least }) => least < NEVER)
      .sort((a, b) => a.least - b.least || a.carrier - b.carrier);
    this.likely[task.index] = made;
    return made;
  }

  private put(task: Task, place: Place): void {
    insertInto(this.chains[place.carrier] as Run[], task, place);
    this.carrierOf[task.index] = place.carrier;
    this.recost(place.carrier);
  }

  /** The cheapest place of a task in one chain; null when every place breaks a limit. */
  private cheapest(n: number, task: Task): Place | null {
    const carrier = this.carriers[n] as Carrier;
    const runs = this.chains[n] as Run[];
    const before = this.costs[n] as number;
    let best: Place | null = null;
    let bestCost = NEVER;
    const consider = (first: Run, run: number, at: number) => {
      const cost = this.costFrom(carrier, first, runs, at < 0 ? run : run + 1, bestCost + before);
      if (cost - before >= bestCost) return;
      bestCost = cost - before;
      best = { carrier: n, run, at, cost: bestCost };
    };
    const alone: Run = [task];
    this.prefix.place = carrier.place;
    this.prefix.nowMs = carrier.freeMs;
    this.prefix.cost = 0;
    for (let k = 0; k <= runs.length; k++) {
      if (k > 0 || !carrier.committed) consider(alone, k, -1);
      const run = runs[k];
      if (!run) break;
      if (this.model.mayJoin(carrier, run, task)) {
        for (let at = 0; at <= run.length; at++) {
          run.splice(at, 0, task);
          consider(run, k, at);
          run.splice(at, 1);
        }
      }
      // Beyond here the chain begins as it is; a committed run may be late whatever it costs now.
      if (!this.model.walk(this.prefix, carrier, run)) break;
    }
    return best;
  }
  private readonly prefix: Walk = { place: 0, nowMs: 0, cost: 0, trail: undefined };
  private readonly tried: Walk = { place: 0, nowMs: 0, cost: 0, trail: undefined };

  /** Cost of the walked prefix, then `first`, then the runs from `next` on; NEVER from `limit` on. */
  private costFrom(
    carrier: Carrier,
    first: Run,
    runs: readonly Run[],
    next: number,
    limit: number,
  ): number {
    const walk = this.tried;
    walk.place = this.prefix.place;
    walk.nowMs = this.prefix.nowMs;
    walk.cost = this.prefix.cost;
    if (!this.model.walk(walk, carrier, first)) return NEVER;
    for (let k = next; k < runs.length; k++) {
      if (walk.cost >= limit || !this.model.walk(walk, carrier, runs[k] as Run)) return NEVER;
    }
    return walk.cost;
  }
}

function insertInto(runs: Run[], task: Task, place: Place): void {
  if (place.at < 0) runs.splice(place.run, 0, [task]);
  else (runs[place.run] as Run).splice(place.at, 0, task);
}
