/**
 * Drives the real core and runtime over the memory twin, through everything a fault plan says, in
 * virtual time on one thread: the same plan always gives the same trace. Afterwards it lets the world
 * settle and judges it: from the log, from the states, by replay and by audit.
 */

import { hash32 } from '../../contracts/ids.ts';
import { BatchWriter } from '../../contracts/position-batch.ts';
import { Shard } from '../core/index.ts';
import { ManualClock } from '../memory/manual-clock.ts';
import { memoryPorts } from '../memory/memory-ports.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import { auditRecord } from '../runtime/audit.ts';
import { coreEngine } from '../runtime/core-engine.ts';
import type { LogRecord } from '../runtime/log-record.ts';
import { applyRecord } from '../runtime/restore.ts';
import { Agenda } from './agenda.ts';
import type { FaultPlan } from './fault-plan.ts';
import { Network } from './network.ts';
import { Random } from './random.ts';
import { SimDriver } from './sim-driver.ts';
import { SimNode } from './sim-node.ts';
import { SimRelay } from './sim-relay.ts';
import {
  placeIn,
  profileOf,
  requestIn,
  SIM_START_MS,
  zoneConfig,
  zonePolygon,
} from './sim-world.ts';
import { type Counts, Verdict } from './verdict.ts';

const TICK_MS = 50;
/** Virtual ms after the last fault within which everything must have ended. */
const SETTLE_MS_MAX = 45 * 60_000;
const PROBLEMS_MAX = 20;

export interface SimResult {
  readonly seed: number;
  /** Equal for equal plans. */
  readonly trace: number;
  readonly problems: readonly string[];
  readonly counts: Counts;
  readonly records: number;
  readonly crashes: number;
  readonly restores: number;
  readonly virtualMs: number;
}

/** Runs one plan to its end. */
export async function simulate(plan: FaultPlan): Promise<SimResult> {
  const run = new Run(plan);
  await run.play();
  return run.result();
}

/** Lets every promise that can settle do so; nothing in a run waits for anything else. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class Run {
  private readonly plan: FaultPlan;
  private readonly clock = new ManualClock(SIM_START_MS);
  private readonly agenda = new Agenda(SIM_START_MS);
  private readonly store: MemoryStore;
  private readonly nodes: SimNode[];
  private readonly network: Network;
  private readonly relay: SimRelay;
  private readonly drivers: SimDriver[] = [];
  private readonly verdict = new Verdict();
  private readonly logs = new Map<number, LogRecord[]>();
  private readonly opened = new Set<string>();
  private trace = 0;
  private restores = 0;

  constructor(plan: FaultPlan) {
    this.plan = plan;
    this.store = new MemoryStore({ nowMs: () => this.clock.hostMs() });
    const ports = memoryPorts(this.store, this.clock);
    const { agenda, store, clock } = this;
    const shardOf = (zone: string): number => store.zones.get(zone)?.shard ?? 0;
    this.network = new Network({ agenda, plan, mailbox: ports.mailbox, shardOf });
    this.relay = new SimRelay(this.network);
    const blame = (problem: string): void => {
      this.verdict.problems.push(problem);
    };
    const deps = { plan, store, clock, agenda, shards: plan.zones, blame };
    this.nodes = Array.from({ length: plan.nodes }, (_, index) => new SimNode(deps, index));
    this.openZones();
    this.placeOrders();
    this.sendDrivers(ports);
    this.everySecond();
  }

  async play(): Promise<void> {
    const endMs = SIM_START_MS + this.plan.faultyMs;
    await this.tickUntil(() => this.clock.hostMs() >= endMs);
    this.network.faulty = false;
    for (const node of this.nodes) node.faulty = false;
    const limitMs = this.clock.hostMs() + SETTLE_MS_MAX;
    await this.tickUntil(() => this.hasSettled() || this.clock.hostMs() >= limitMs);
    if (this.relay.unconfirmed > 0) {
      this.verdict.problems.push(`${this.relay.unconfirmed} commands were never answered`);
    }
    this.drivers.forEach((driver, index) => {
      for (const action of driver.answered) {
        if (this.verdict.hasAction(profileOf(index).driver, action)) continue;
        this.verdict.problems.push(
          `driver ${index}: deed ${action} was answered and is not logged`,
        );
      }
      if (driver.unanswered === 0) return;
      this.verdict.problems.push(`driver ${index}: ${driver.unanswered} deeds without an answer`);
    });
    this.verdict.finish();
    this.compareStates();
  }

  result(): SimResult {
    const records = [...this.logs.values()].reduce((sum, log) => sum + log.length, 0);
    const crashes = this.nodes.reduce((sum, node) => sum + node.crashes, 0);
    return {
      seed: this.plan.seed,
      trace: this.trace,
      problems: this.verdict.problems.slice(0, PROBLEMS_MAX),
      counts: this.verdict.counts,
      virtualMs: this.clock.hostMs() - SIM_START_MS,
      ...{ records, crashes, restores: this.restores },
    };
  }

  private hasSettled(): boolean {
    const { openDeliveries } = this.verdict;
    if (openDeliveries > 0 || this.relay.unconfirmed > 0) return false;
    return this.drivers.every((driver) => driver.unanswered === 0);
  }

  private async tickUntil(isDone: () => boolean): Promise<void> {
    while (!isDone() && this.verdict.problems.length < PROBLEMS_MAX) {
      this.clock.advance(TICK_MS);
      this.agenda.runUntil(this.clock.hostMs());
      for (const node of this.nodes) node.turn();
      await settlePromises();
      this.readLogs();
    }
  }

  /** The projector of the run: registered, so that nothing is trimmed before it was read. */
  private readLogs(): void {
    for (let shard = 0; shard < this.plan.zones; shard++) {
      const log = this.logs.get(shard) ?? [];
      this.logs.set(shard, log);
      const state = this.store.shard(shard);
      const seen = log.length;
      for (const { position, text } of state.log) {
        if (position.seq <= seen) continue;
        const record = JSON.parse(text) as LogRecord;
        log.push(record);
        this.trace = hash32(`${this.trace}${text}`);
        if (record.predecessor) this.restores++;
        this.verdict.hear(shard, record);
        for (const { event } of record.events) {
          this.relay.hear(event);
          if (event.type === 'zone.opened') this.opened.add(event.config.id);
        }
      }
      const last = log.at(-1);
      if (last) state.consumers.set('sim', { epoch: last.epoch, seq: last.seq });
    }
  }

  private openZones(): void {
    for (let index = 0; index < this.plan.zones; index++) {
      const config = zoneConfig(index);
      const { id, market, shard, version, currency, timeZone } = config;
      const polygon = zonePolygon(index);
      const names = { id, market, name: `zone ${index}`, shard, version, currency, timeZone };
      this.store.zones.set(id, { ...names, polygon });
      const open = (): void => {
        if (this.opened.has(id)) return;
        this.network.send({ zone: id, command: { type: 'zone.open', config } });
        this.agenda.in(1_000, open);
      };
      open();
    }
  }

  private placeOrders(): void {
    const random = new Random(this.plan.seed, 'orders');
    for (let number = 1; number <= this.plan.deliveries; number++) {
      const index = random.integer(0, this.plan.zones - 1);
      const atMs = random.integer(2_000, Math.floor(this.plan.faultyMs * 0.8));
      const request = requestIn(index, number, random, SIM_START_MS + atMs);
      this.agenda.in(atMs, () => this.relay.request(zoneConfig(index).id, request));
      if (!random.chance(0.15)) continue;
      const cancelMs = atMs + random.integer(1_000, 180_000);
      this.agenda.in(cancelMs, () => this.relay.cancel(request.id));
    }
  }

  private sendDrivers(ports: ReturnType<typeof memoryPorts>): void {
    const random = new Random(this.plan.seed, 'drivers');
    const ids = Array.from({ length: this.plan.zones }, (_, index) => zoneConfig(index).id);
    const byId = new Map<string, SimDriver>();
    const writer = new BatchWriter();
    for (let index = 0; index < this.plan.drivers; index++) {
      const home = random.integer(0, this.plan.zones - 1);
      const order = [...ids.slice(home), ...ids.slice(0, home)];
      const profile = profileOf(index);
      const driver = new SimDriver(
        {
          network: this.network,
          seed: this.plan.seed,
          profile,
          zones: order,
          homes: order.map((zone) => placeIn(ids.indexOf(zone), random)),
          directory: () => this.store.drivers.get(profile.driver),
          nowMs: () => this.clock.hostMs(),
          sendPosition: (zone, position) => {
            writer.add(position);
            const batch = writer.take();
            if (!batch) return;
            this.network.deliver(() => {
              void ports.positions.append(this.store.zones.get(zone)?.shard ?? 0, zone, batch);
            });
          },
        },
        index,
      );
      byId.set(profile.driver, driver);
      this.drivers.push(driver);
      driver.start();
    }
    this.store.onOutgoing = (item) => {
      if (item.kind !== 'push') return;
      const { push } = item;
      const driver = byId.get(push.t === 'view' ? push.view.driver : push.driver);
      if (driver) this.network.deliver(() => driver.receive(push));
    };
  }

  private everySecond(): void {
    this.agenda.in(1_000, () => {
      for (const node of this.nodes) node.maybeFreeze();
      this.everySecond();
    });
  }

  /** Live memory, a replay of the log, and audit must agree. */
  private compareStates(): void {
    for (const [shard, log] of this.logs) {
      const replayed = new Shard(shard);
      const audited = new Shard(shard);
      try {
        for (const record of log) applyRecord(coreEngine, replayed, record);
      } catch (error) {
        this.verdict.problems.push(`shard ${shard}: replay: ${String(error)}`);
      }
      const findings = log.flatMap((record) => auditRecord(coreEngine, audited, record));
      for (const finding of findings) {
        this.verdict.problems.push(`shard ${shard}: audit: ${JSON.stringify(finding)}`);
      }
      for (const node of this.nodes) {
        const tenure = node.hosts()[shard]?.tenure;
        const isOwner = tenure?.position.seq === log.length;
        if (!tenure || !isOwner) continue;
        const live = coreEngine.hash(tenure.shard);
        const again = coreEngine.hash(replayed);
        if (live !== again) this.verdict.problems.push(`shard ${shard}: ${live} live, ${again}`);
      }
    }
  }
}
