/**
 * One run from the first call to the verdict: sets the stage, opens the desk and the shifts, watches,
 * kills what it was told to kill, drains, asks for the truth. It knows the order of things; the parts
 * know how.
 */
import type { DeliverySummary } from '../contracts/api/deliveries.ts';
import type { OrderSummary } from '../contracts/api/orders.ts';
import type { ClockView } from '../contracts/api/zones.ts';
import type { NodePicture } from '../contracts/push.ts';
import { DEFAULT_POLICY } from '../contracts/zone.ts';
import { type ZoneClock, zoneClock } from './clock.ts';
import type { CustomerSocket, OpenCustomerSocket, OpenDriverSocket } from './doors.ts';
import type { DriverCounters, DriverWorld } from './driver.ts';
import { Fleet } from './fleet.ts';
import { Journal } from './journal.ts';
import { type KitchenCounts, Kitchens } from './kitchens.ts';
import { NodeWatch } from './node-watch.ts';
import type { DemoOptions, KillPlan } from './options.ts';
import { OrdersDesk } from './orders-desk.ts';
import { setStage } from './people.ts';
import { randomStream } from './random.ts';
import { type Call, pause, type Rest } from './rest.ts';
import type { Scenario } from './scenario.ts';
import type { Session } from './session.ts';
import { askForTruth, FOLLOW_MS_MAX, waitForEnds } from './settlement.ts';
import { Shopping, type ShoppingCounts } from './shopping.ts';
import { type Glance, type Screen, sinceStart } from './summary.ts';
import { TimerWheel } from './timer-wheel.ts';
import { judge, percentile, type Verdict } from './verdict.ts';

const WATCH_MS = 1_000;
const SUMMARY_EVERY = 3;
/** Couriers whose shift begins this soon are hired before the day starts, wall ms. */
const HIRE_FIRST_MS = 20_000;
/** Least time for deliveries to end once no more orders come, wall ms. */
const DRAIN_MS_MIN = 60_000;
/** Zone ms that a city needs at most to end what is open. */
const DRAIN_ZONE_MS = 75 * 60_000;
const GO_HOME_MS = 5_000;
const SCREENS = 4;
/** Above so many couriers, and at high speed, positions come every other second. */
const MANY_COURIERS = 400;
const HIGH_SPEED = 60;

export interface RunDeps {
  readonly scenario: Scenario;
  readonly options: DemoOptions;
  readonly rest: Rest;
  readonly ops: Session;
  readonly openDriver: OpenDriverSocket;
  readonly openCustomer: OpenCustomerSocket;
  readonly screen: Screen;
  readonly page: string;
  /** Asks the launcher to kill; null when nobody listens. */
  readonly kill: ((target: string) => void) | null;
  /** Aborted when the run shall end at once. */
  readonly stop: AbortSignal;
  /** Wall ms for which records may disagree with the log at the end; default FOLLOW_MS_MAX. */
  readonly followMs?: number;
}

export interface Outcome {
  readonly verdict: Verdict;
  readonly positions: { readonly sent: number; readonly indexed: number; readonly dropped: number };
  readonly positionAgeMs: { readonly p50: number | null; readonly p99: number | null };
  readonly takeovers: readonly number[];
  /** What the marketplace was used for; null where nobody trades (real days). */
  readonly market: (ShoppingCounts & { readonly kitchens: KitchenCounts }) | null;
}

/** Plays the scenario. Gives null when it was stopped before its end. */
export async function play(deps: RunDeps): Promise<Outcome | null> {
  return new Run(deps).play();
}

class Run {
  private readonly deps: RunDeps;
  private readonly journal = new Journal();
  private readonly watch = new NodeWatch();
  private readonly wheel: TimerWheel;
  private readonly counters: DriverCounters = {
    positionsSent: 0,
    deedsRefused: 0,
    connectionsLost: 0,
    onDuty: 0,
  };
  private summary: DeliverySummary | null = null;
  private before: DeliverySummary | null = null;
  private sagas: OrderSummary['open'] = {};
  private stageName = 'preparing';
  private beganMs = performance.now();

  constructor(deps: RunDeps) {
    this.deps = deps;
    this.wheel = new TimerWheel(
      () => performance.now(),
      (error) => this.say(`a courier stumbled: ${String(error)}`),
    );
    const { rest, scenario, options } = deps;
    const random = randomStream(options.seed, 'shopping');
    this.shopping = new Shopping(rest, this.wheel, scenario.trade, random);
  }

  async play(): Promise<Outcome | null> {
    const { scenario, rest, ops, stop, openCustomer } = this.deps;
    const clock = await readClock(rest);
    for (const note of scenario.notes) this.say(note);
    const stage = await setStage(rest, ops, scenario);
    for (const note of stage.notes) this.say(note);
    await this.look(0);
    this.before = this.summary;
    this.wheel.start();
    const screens = Array.from({ length: SCREENS }, openCustomer);
    const driverWorld = this.driverWorld(clock);
    const { options } = this.deps;
    const fleet = new Fleet({
      driverWorld,
      scenario,
      stage,
      seed: options.seed,
      say: this.sayBound,
    });
    if (scenario.orderCount !== Number.POSITIVE_INFINITY) await fleet.hireFirst(HIRE_FIRST_MS);
    const desk = this.desk(clock, stage, screens);
    this.desks = desk;
    this.kitchens = this.openKitchens(clock, stage, desk.desk);
    this.beganMs = performance.now();
    fleet.open(desk.startMs);
    desk.desk.open();
    this.stageName = 'running';
    const kills = options.kills.map((plan) => this.armKill(plan));
    const watching = this.keepWatching(clock);
    await this.waitForOrders(desk.desk);
    desk.desk.close();
    this.stageName = 'draining';
    if (!stop.aborted) await this.drain(desk.desk, clock);
    this.stageName = 'going home';
    await fleet.close(stop.aborted ? 0 : GO_HOME_MS);
    await this.kitchens.close();
    for (const disarm of kills) disarm();
    for (const screen of screens) screen.close();
    this.stageName = 'asking';
    const outcome = stop.aborted ? null : await this.conclude();
    this.isOver = true;
    this.wheel.stop();
    await watching;
    return outcome;
  }

  private desks: { desk: OrdersDesk } | null = null;
  private kitchens: Kitchens | null = null;
  private readonly shopping: Shopping;
  private isOver = false;
  private readonly sayBound = (line: string): void => this.say(line);

  private say(line: string): void {
    // What fails while everything is being stopped is no news.
    if (!this.deps.stop.aborted) this.deps.screen.note(line);
  }

  private driverWorld(clock: ZoneClock): DriverWorld {
    const { scenario, openDriver } = this.deps;
    const isHeavy = scenario.couriers.length > MANY_COURIERS || clock.speed >= HIGH_SPEED;
    return {
      clock,
      wheel: this.wheel,
      journal: this.journal,
      manners: scenario.manners,
      open: openDriver,
      readyMs: (delivery) => this.desks?.desk.readyMs(delivery) ?? 0,
      opensMs: (delivery) => this.desks?.desk.opensMs(delivery) ?? 0,
      haunts: scenario.vendors.map((vendor) => vendor.at),
      reportMs: isHeavy ? 2_000 : 1_000,
      counters: this.counters,
    };
  }

  private desk(
    clock: ZoneClock,
    stage: Awaited<ReturnType<typeof setStage>>,
    screens: readonly CustomerSocket[],
  ): { desk: OrdersDesk; startMs: number } {
    const { scenario, rest, options } = this.deps;
    const startMs = Math.round(clock.zoneMs());
    const { shops, customers } = stage;
    const desk = new OrdersDesk({
      scenario,
      rest,
      clock,
      wheel: this.wheel,
      journal: this.journal,
      shops,
      customers,
      screens,
      shopping: this.shopping,
      random: randomStream(options.seed, 'customers'),
      doors: randomStream(options.seed, 'doors'),
      run: `${scenario.name}-${startMs}-${process.pid}`,
      startMs,
      say: this.sayBound,
    });
    return { desk, startMs };
  }

  /** Those vendors whose people answer by hand; none in a real day. */
  private openKitchens(
    clock: ZoneClock,
    { shops }: Awaited<ReturnType<typeof setStage>>,
    desk: OrdersDesk,
  ): Kitchens {
    const { scenario, ops, options } = this.deps;
    const { trade } = scenario;
    return new Kitchens({
      ops,
      clock,
      shops: trade ? shops.filter((_, index) => index % trade.byHandEvery === 0) : [],
      rejectPerMille: trade?.rejectPerMille ?? 0,
      random: randomStream(options.seed, 'kitchens'),
      readyMs: (order) => desk.readyMsOfOrder(order),
    });
  }

  private async waitForOrders(desk: OrdersDesk): Promise<void> {
    const { options, stop } = this.deps;
    const seconds = options.seconds ?? Number.POSITIVE_INFINITY;
    const isOver = (): boolean => performance.now() - this.beganMs >= seconds * 1000;
    while (!isOver() && !desk.isDone && !stop.aborted) await pause(100);
  }

  private async drain(desk: OrdersDesk, clock: ZoneClock): Promise<void> {
    const { stop, ops, scenario } = this.deps;
    const giveUpMs = scenario.zones[0]?.policy.giveUpMs ?? DEFAULT_POLICY.giveUpMs;
    const wallMs = DRAIN_MS_MIN + (DRAIN_ZONE_MS + giveUpMs) / clock.speed;
    const deadline = performance.now() + wallMs;
    while (!desk.isDone && performance.now() < deadline && !stop.aborted) await pause(100);
    await waitForEnds(ops, this.journal, deadline - performance.now(), () => stop.aborted);
  }

  private armKill({ target, atSeconds }: KillPlan): () => void {
    return this.wheel.after(atSeconds * 1000, () => {
      const owner = target === 'dispatch' ? this.watch.busiest() : null;
      const name = owner?.node ?? target;
      const why = owner ? `, the owner of the busiest shard (s${owner.shard})` : '';
      this.say(`${Math.round(atSeconds)} s: killing ${name}${why}`);
      if (this.deps.kill) this.deps.kill(name);
      else this.say('nobody listens to kills: start the demo through npm start');
    });
  }

  private async conclude(): Promise<Outcome> {
    const truths = await askForTruth(
      this.deps.ops,
      this.journal,
      this.deps.followMs ?? FOLLOW_MS_MAX,
    );
    const verdict = judge(this.journal, truths);
    await this.look(0);
    const { indexed, dropped, ageMs } = this.watch.totals();
    const sent = this.counters.positionsSent;
    const { takeoversMs } = this.watch;
    return {
      verdict,
      positions: { sent, indexed, dropped },
      positionAgeMs: ageMs,
      takeovers: takeoversMs,
      market: this.market(),
    };
  }

  private market(): Outcome['market'] {
    if (!this.deps.scenario.trade || !this.kitchens) return null;
    return { ...this.shopping.counts, kitchens: this.kitchens.counts };
  }

  private async keepWatching(clock: ZoneClock): Promise<void> {
    for (let turn = 0; !this.isOver; turn++) {
      await Promise.all([this.look(turn), pause(WATCH_MS)]);
      if (!this.isOver) this.deps.screen.draw(this.glance(clock));
    }
  }

  /** Asks the nodes, and now and then for the counts; a door that is away is asked again. */
  private async look(turn: number): Promise<void> {
    const { ops } = this.deps;
    const withinMs = WATCH_MS;
    try {
      const path = '/ops/nodes';
      const { items } = await ops.call<{ items: NodePicture[] }>({ method: 'GET', path, withinMs });
      this.watch.take(items);
      if (turn % SUMMARY_EVERY !== 0) return;
      this.summary = await ops.call<DeliverySummary>({
        method: 'GET',
        path: '/ops/summary',
        withinMs,
      });
      const orders: Call = { method: 'GET', path: '/ops/orders/summary', withinMs };
      this.sagas = (await ops.call<OrderSummary>(orders)).open;
    } catch {
      // The screen keeps its last numbers; the verdict does not depend on them.
    }
  }

  private glance(clock: ZoneClock): Glance {
    const { scenario, page } = this.deps;
    const { deliveries = {}, offers = {}, onTimePercent = null } = this.summary ?? {};
    const doors = this.journal.deeds.flatMap(({ deed, delivery, atMs, refused }) => {
      const order =
        deed === 'delivered' && delivery && !refused && this.journal.orders.get(delivery);
      return order ? [atMs - order.placedMs] : [];
    });
    return {
      title: scenario.name,
      page,
      speed: clock.speed,
      seconds: Math.round((performance.now() - this.beganMs) / 1000),
      stage: this.stageName,
      placed: this.journal.orders.size,
      sagas: this.sagas,
      deliveries: sinceStart(deliveries, this.before?.deliveries ?? {}),
      offers: sinceStart(offers, this.before?.offers ?? {}),
      clickToDoorMs: { p50: percentile(doors, 0.5), p90: percentile(doors, 0.9) },
      onTimePercent,
      onDuty: this.counters.onDuty,
      positionsSent: this.counters.positionsSent,
      positions: this.watch.totals(),
      pictures: this.watch.pictures,
      takeoversMs: this.watch.takeoversMs,
      zoneTime: new Date(clock.zoneMs()).toISOString().slice(11, 19),
    };
  }
}

async function readClock(rest: Rest): Promise<ZoneClock> {
  const askedMs = Date.now();
  const view = await rest.call<ClockView>({ method: 'GET', path: '/clock' });
  return zoneClock(view, (askedMs + Date.now()) / 2);
}
