/**
 * The customers: they place each order when its time has come, follow some of them on the map, and
 * call a few off. Every order has its own idempotency key and is asked for until it is answered.
 */
import type { OrderPlaced } from '../contracts/api/orders.ts';
import type { DeliveryId } from '../contracts/ids.ts';
import type { ZoneClock } from './clock.ts';
import type { CustomerSocket } from './doors.ts';
import { leastDoor } from './excess.ts';
import type { Journal } from './journal.ts';
import { cartOf, type Shop } from './menus.ts';
import type { RandomStream } from './random.ts';
import { CALL_MS_MAX, type Rest } from './rest.ts';
import type { Scenario, ScenarioOrder } from './scenario.ts';
import type { Session } from './session.ts';
import type { Shopping } from './shopping.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** Orders asked for and not answered; while there are so many, the next ones wait. */
const UNANSWERED_MAX = 500;
/** An order is asked for this long, wall ms: any part comes back sooner. */
const PLACE_MS_MAX = 2 * CALL_MS_MAX;
const DELAY_MS = 200;
/** Of the customers who do not come to the door at once, so many never come. */
const NEVER_PER_MILLE = 300;
/** The others come so long after the courier's arrival, zone ms. */
const LATE_MS_MIN = 60_000;
const LATE_MS_MAX = 150_000;

export interface DeskWorld {
  readonly scenario: Scenario;
  readonly rest: Rest;
  readonly clock: ZoneClock;
  readonly wheel: TimerWheel;
  readonly journal: Journal;
  readonly shops: readonly Shop[];
  readonly customers: readonly Session[];
  readonly screens: readonly CustomerSocket[];
  readonly shopping: Shopping;
  readonly random: RandomStream;
  /** Who is at home; a stream of its own, so that it shifts nothing else. */
  readonly doors: RandomStream;
  /** Different in every run, so that keys of two runs never meet. */
  readonly run: string;
  /** Zone ms of the scenario's start. */
  readonly startMs: number;
  readonly say: (line: string) => void;
}

export class OrdersDesk {
  private readonly world: DeskWorld;
  private readonly ready = new Map<DeliveryId, number>();
  private readonly readyByOrder = new Map<string, number>();
  private readonly opens = new Map<DeliveryId, number>();
  private readonly leastDoorMs: (order: ScenarioOrder) => number;
  private unanswered = 0;
  private count = 0;
  private closed = false;
  private emptied = false;
  /** Orders that were never answered, after every repeat: nothing was promised. */
  unplaced = 0;

  constructor(world: DeskWorld) {
    this.world = world;
    this.leastDoorMs = leastDoor(world.scenario);
  }

  /** Zone ms at which the food of a delivery is really ready; 0 for one of another run. */
  readyMs(delivery: DeliveryId): number {
    return this.ready.get(delivery) ?? 0;
  }

  /** The same by its order; undefined for one of another run. */
  readyMsOfOrder(order: string): number | undefined {
    return this.readyByOrder.get(order);
  }

  /** Zone ms from the courier's arrival to somebody at the door: 0 for most, Infinity for nobody. */
  opensMs(delivery: DeliveryId): number {
    return this.opens.get(delivery) ?? 0;
  }

  /** Whether every order of the scenario has been placed (or the desk closed) and answered. */
  get isDone(): boolean {
    return (this.emptied || this.closed) && this.unanswered === 0;
  }

  open(): void {
    this.next();
  }

  /** Places nothing more. */
  close(): void {
    this.closed = true;
  }

  private next(): void {
    const order = this.closed ? null : this.world.scenario.orders();
    if (order) this.wait(order);
    else this.emptied = true;
  }

  private wait(order: ScenarioOrder): void {
    const { clock, wheel, startMs } = this.world;
    const delayMs = clock.wallMsUntil(startMs + order.placedMs);
    const isFull = this.unanswered >= UNANSWERED_MAX;
    if (this.closed) this.emptied = true;
    else if (delayMs > 0 || isFull)
      wheel.after(isFull ? DELAY_MS : delayMs, () => this.wait(order));
    else {
      this.unanswered++;
      void this.place(order, this.count++).finally(() => {
        this.unanswered--;
      });
      this.next();
    }
  }

  private async place(order: ScenarioOrder, index: number): Promise<void> {
    const { rest, run, journal, customers, shops, startMs, clock, scenario } = this.world;
    const { random, shopping } = this.world;
    const customer = customers[index % customers.length];
    const toldMs = startMs + Math.max(order.readyMs, order.placedMs);
    const readyMs = toldMs + shopping.lateMs();
    const tracked = random.chance(scenario.trackPerMille);
    const calledOff = random.chance(scenario.cancelPerMille);
    const opensMs = this.drawDoor();
    const shop = shops[order.vendor];
    if (!customer || !shop) return;
    const items = cartOf(shop, index, shopping.wantsSpecial());
    const payment = shopping.payment();
    await shopping.search(shop, order.dropoff);
    const clickedMs = clock.zoneMs();
    try {
      const answer = await rest.ask({
        method: 'POST',
        path: '/orders',
        token: await customer.token(),
        idempotencyKey: `${run}-${order.key}`,
        withinMs: PLACE_MS_MAX,
        body: {
          vendor: shop.id,
          items,
          dropoff: { lat: order.dropoff.lat, lon: order.dropoff.lon },
          readyAt: new Date(toldMs).toISOString(),
          ...(payment === undefined ? {} : { payment }),
        },
      });
      if (answer.status !== 201 && answer.status !== 200) throw new Error(JSON.stringify(answer));
      const placed = answer.body as OrderPlaced;
      this.ready.set(placed.delivery, readyMs);
      this.readyByOrder.set(placed.id, readyMs);
      if (opensMs > 0) this.opens.set(placed.delivery, opensMs);
      journal.orderPlaced({
        order: placed.id,
        delivery: placed.delivery,
        placedMs: clickedMs,
        leastDoorMs: startMs + this.leastDoorMs({ ...order, readyMs: readyMs - startMs }),
        promiseMs: order.promiseMs === undefined ? null : startMs + order.promiseMs,
      });
      if (tracked) this.track(placed, index, customer);
      if (calledOff) this.callOffLater(placed, customer, readyMs);
    } catch (error) {
      this.unplaced++;
      this.world.say(
        `order ${order.key} was not placed: ${(error as Error).message.slice(0, 300)}`,
      );
    }
  }

  private drawDoor(): number {
    const { doors, scenario } = this.world;
    if (!doors.chance(scenario.unreachablePerMille)) return 0;
    if (doors.chance(NEVER_PER_MILLE)) return Number.POSITIVE_INFINITY;
    return doors.int(LATE_MS_MIN, LATE_MS_MAX);
  }

  private track(placed: OrderPlaced, index: number, customer: Session): void {
    const { screens, journal, shopping } = this.world;
    const { delivery, trackingToken: token } = placed;
    screens[index % screens.length]?.watch({
      delivery,
      token,
      onPosition: (fixMs) => journal.positionShown(delivery, fixMs),
      onEnd: (state) => {
        journal.endShown(delivery, state);
        if (state === 'delivered') shopping.rate(placed, customer);
      },
    });
  }

  private callOffLater(placed: OrderPlaced, customer: Session, readyMs: number): void {
    const { clock, wheel, random } = this.world;
    const delayMs = Math.max(0, clock.wallMsUntil(readyMs)) * (0.1 + random.next() * 0.6);
    wheel.after(delayMs, () => void this.callOff(placed, customer));
  }

  private async callOff({ id, delivery }: OrderPlaced, customer: Session): Promise<void> {
    const token = await customer.token();
    const path = `/orders/${id}/cancel`;
    const { status } = await this.world.rest.ask({ method: 'POST', path, token, body: {} });
    if (status === 200) this.world.journal.cancelAnswered(delivery, 'done');
    else if (status === 202) this.world.journal.cancelAnswered(delivery, 'coming');
    else if (status === 409) this.world.journal.cancelAnswered(delivery, 'late');
  }
}
