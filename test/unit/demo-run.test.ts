/**
 * A whole run against a small made-up Waggle: an HTTP server with the routes the demo calls, and a
 * dispatcher that gives each delivery to an idle courier. It shows that a run ends, that its numbers
 * are right, and that a system that forgets is found out.
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Stop } from '../../contracts/events.ts';
import { newId } from '../../contracts/ids.ts';
import type { DriverView } from '../../contracts/push.ts';
import { buildCity } from '../../demo/city.ts';
import type { AppDeed, DriverSocketEvents, OpenDriverSocket } from '../../demo/doors.ts';
import { readOptions } from '../../demo/options.ts';
import { Rest } from '../../demo/rest.ts';
import { play } from '../../demo/run.ts';
import { Session } from '../../demo/session.ts';
import type { Screen } from '../../demo/summary.ts';

const SPEED = 900;
const T0 = Date.now();
const zoneMs = (): number => Math.round(T0 + (Date.now() - T0) * SPEED);
const time = (ms = zoneMs()): string => new Date(ms).toISOString();

interface Made {
  readonly id: string;
  readonly order: string;
  readonly stops: Stop[];
  state: string;
  driver: string | null;
  placed: string;
  delivered: string | null;
  history: object[];
  events: { position: string; type: string; at: string; driver: string | null; data: object }[];
}

interface Courier {
  driver: string;
  readonly events: DriverSocketEvents;
  action: number;
  job: Made | null;
  offered: { offer: string; delivery: Made } | null;
  onDuty: boolean;
}

/** What the engine, the services and the gateway are to the demo. */
class SmallWaggle {
  readonly deliveries = new Map<string, Made>();
  readonly couriers = new Set<Courier>();
  /** Deliveries whose end is forgotten after it was acknowledged. */
  forgets: (made: Made) => boolean = () => false;
  failures = 0;
  private sequence = 0;
  private readonly drivers = new Map<string, object>();
  private readonly server: Server = createServer((request, response) => {
    void this.answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });

  async start(t: TestContext): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      this.server.closeAllConnections();
      this.server.close();
    });
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const path = (request.url ?? '').replace('/api/v1', '').split('?')[0] ?? '';
    const key = `${request.method} ${path
      .replace(/\/(del|ord|drv)_[^/]+/, '/{id}')
      .replace(/^\/vendors\/[^/]+/, '/vendors/{id}')}`;
    const id = /(del|ord|drv)_[^/]+/.exec(path)?.[0] ?? '';
    // Every seventh call fails first, as it does while a part is away.
    if (key === 'POST /orders' && this.failures++ % 7 === 3) return { status: 503, body: {} };
    return this.route(key, id, text === '' ? {} : JSON.parse(text));
  }

  private route(
    key: string,
    id: string,
    body: Record<string, unknown>,
  ): { status: number; body: unknown } {
    const ok = (answer: unknown, status = 200) => ({ status, body: answer });
    const tokens = { accessToken: 'a', refreshToken: 'r', expiresInSeconds: 900 };
    switch (key) {
      case 'GET /clock':
        return ok({ zoneTime: time(), zoneMs: zoneMs(), hostMs: Date.now(), speed: SPEED });
      case 'GET /markets':
      case 'GET /zones':
      case 'GET /vendors':
      case 'GET /drivers':
      case 'GET /ops/nodes':
      case 'GET /search':
      case 'GET /vendors/{id}/tickets':
        return ok({ items: [], next: null });
      case 'POST /markets':
      case 'POST /zones':
        return ok({ id: 'x' }, 201);
      case 'POST /vendors':
        return ok({ id: JSON.stringify(body.place) }, 201);
      case 'POST /vendors/{id}/products':
        return ok({ id: newId('product') }, 201);
      case 'PATCH /vendors/{id}':
      case 'PUT /vendors/{id}/stock':
      case 'POST /orders/{id}/rating':
        return ok({});
      case 'POST /auth/register':
        return ok({ tokens }, 201);
      case 'POST /auth/login':
        return ok({ tokens });
      case 'POST /auth/refresh':
        // The token of a driver is its id here.
        return ok({ ...tokens, accessToken: body.refreshToken });
      case 'POST /drivers': {
        const kind = (body.vehicles as { kind: string }[])[0]?.kind;
        const driver = {
          id: newId('driver'),
          vehicles: [{ id: newId('vehicle'), kind }],
          approved: false,
        };
        this.drivers.set(driver.id, driver);
        return ok({ driver, tokens: { ...tokens, refreshToken: driver.id } }, 201);
      }
      case 'PUT /drivers/{id}/approval':
        return ok(this.drivers.get(id));
      case 'POST /orders':
        return ok(this.place(body), 201);
      case 'GET /orders':
        return ok({
          items: [...this.deliveries.values()]
            .filter((made) => !this.forgets(made))
            .map((made) => this.orderOf(made)),
          next: null,
        });
      case 'POST /orders/{id}/cancel':
        return { status: 409, body: { code: 'delivery.past_pickup' } };
      case 'GET /deliveries': {
        const items = [...this.deliveries.values()].filter((made) => made.state !== 'delivered');
        return ok({ items: items.filter((made) => !this.forgets(made)), next: null });
      }
      case 'GET /deliveries/{id}':
        return ok(this.detail(id));
      case 'GET /deliveries/{id}/events':
        return ok({ items: this.deliveries.get(id)?.events ?? [] });
      case 'GET /ops/orders/summary':
        return ok({ open: {} });
      case 'GET /ops/summary':
        return ok({ deliveries: {}, offers: {}, clickToDoorMs: {}, onTimePercent: null });
      default:
        return { status: 404, body: { detail: key } };
    }
  }

  private orderOf(made: Made): { id: string; state: string } {
    return { id: made.order, state: made.state === 'delivered' ? 'delivered' : 'accepted' };
  }

  private detail(id: string): object {
    const made = this.deliveries.get(id);
    return {
      ...made,
      placedAt: made?.placed,
      promiseAt: time(T0 + 1e12),
      pickedUpAt: null,
      deliveredAt: made?.delivered,
    };
  }

  private place(body: Record<string, unknown>): object {
    const id = newId('delivery');
    const from = JSON.parse(String(body.vendor)) as { lat: number; lon: number };
    const to = body.dropoff as { lat: number; lon: number };
    const stop = (kind: Stop['kind'], at: typeof from): Stop => {
      const place = { latE7: Math.round(at.lat * 1e7), lonE7: Math.round(at.lon * 1e7), cell: 0 };
      return { id: newId('stop'), kind, delivery: id, ...place, arrived: false };
    };
    const made: Made = {
      id,
      order: newId('order'),
      stops: [stop('pickup', from), stop('dropoff', to)],
      state: 'pending',
      driver: null,
      placed: time(),
      delivered: null,
      history: [],
      events: [],
    };
    this.deliveries.set(id, made);
    this.match();
    const { placed: placedAt, order } = made;
    return { id: order, delivery: id, state: 'placed', placedAt, trackingToken: 't' };
  }

  /** Offers each waiting delivery to somebody who is idle. */
  private match(): void {
    for (const courier of this.couriers) {
      if (!courier.onDuty || courier.job || courier.offered) continue;
      const offered = [...this.couriers].map((each) => each.offered?.delivery);
      const made = [...this.deliveries.values()].find(
        (each) => each.state === 'pending' && !offered.includes(each),
      );
      if (!made) return;
      courier.offered = { offer: newId('offer'), delivery: made };
      this.note(made, 'offer.made', courier.driver, { offer: courier.offered.offer });
      this.show(courier);
    }
  }

  private note(made: Made, type: string, driver: string, data: object): void {
    made.events.push({ position: String(++this.sequence), type, at: time(), driver, data });
  }

  private show({ events, driver, job, offered, action }: Courier): void {
    const terms = {
      payMinor: 1,
      currency: 'EUR',
      toPickupMeters: 1,
      toDropoffMeters: 1,
      expiresMs: 9e15,
    };
    const view: DriverView = {
      driver,
      zone: 'zon_1',
      version: ++this.sequence,
      duty: 'available',
      slot: 0,
      tenancy: 0,
      planVersion: 1,
      stops: job ? job.stops : [],
      offer: offered
        ? {
            id: offered.offer,
            deliveries: [offered.delivery.id],
            stops: offered.delivery.stops,
            terms,
          }
        : null,
      lastAction: action,
    };
    setImmediate(() => events.onView(view));
  }

  readonly open: OpenDriverSocket = (token, events) => {
    const courier: Courier = {
      driver: '',
      events,
      action: 0,
      job: null,
      offered: null,
      onDuty: false,
    };
    this.couriers.add(courier);
    void token().then((driver) => {
      courier.driver = driver;
      events.onOpen();
    });
    return {
      act: async (deed) => {
        const action = ++courier.action;
        this.take(courier, deed, action);
        this.show(courier);
        setImmediate(() => this.match());
        return { action, refused: null };
      },
      report: () => {},
      close: () => this.couriers.delete(courier),
    };
  };

  private take(courier: Courier, deed: AppDeed, action: number): void {
    const { job, offered, driver } = courier;
    if (deed.kind === 'duty') courier.onDuty = deed.duty === 'available';
    if (deed.kind === 'decline' && offered) {
      this.note(offered.delivery, 'offer.closed', driver, {
        offer: offered.offer,
        outcome: 'declined',
      });
      courier.offered = null;
    }
    if (deed.kind === 'accept' && offered) {
      this.note(offered.delivery, 'offer.closed', driver, {
        offer: offered.offer,
        outcome: 'accepted',
      });
      courier.job = offered.delivery;
      courier.offered = null;
      this.move(courier.job, 'assigned', driver);
    }
    if (!job) return;
    this.note(job, 'driver.acted', driver, { action });
    if (deed.kind === 'picked_up') {
      job.stops.shift();
      this.move(job, 'picked_up', driver);
    }
    if (deed.kind === 'delivered') {
      courier.job = null;
      job.delivered = time();
      if (!this.forgets(job)) this.move(job, 'delivered', driver);
    }
  }

  private move(made: Made, state: string, driver: string): void {
    made.state = state;
    made.driver = driver;
    made.history.push({ state, driver });
  }
}

function dummyScreen(lines: string[]): Screen {
  return { draw: () => {}, note: (line: string) => lines.push(line) } as unknown as Screen;
}

async function runOn(waggle: SmallWaggle, t: TestContext) {
  const url = await waggle.start(t);
  const options = readOptions(['--seconds', '2', '--drivers', '12', '--speed', String(SPEED)]);
  const rest = new Rest(url, new AbortController().signal);
  const lines: string[] = [];
  const outcome = await play({
    scenario: { ...buildCity({ ...options, ordersPerMinute: 300 }), cancelPerMille: 0 },
    options,
    rest,
    ops: new Session(rest, { email: 'ops@x', password: 'a password' }),
    openDriver: waggle.open,
    openCustomer: () => ({ watch: () => {}, unwatch: () => {}, close: () => {} }),
    screen: dummyScreen(lines),
    page: url,
    kill: null,
    stop: new AbortController().signal,
    followMs: 100,
  });
  assert.ok(outcome);
  return { outcome, lines };
}

describe('a run', () => {
  it('places orders through failures, sees them delivered and loses nothing', async (t) => {
    const waggle = new SmallWaggle();
    const { outcome, lines } = await runOn(waggle, t);
    const { verdict } = outcome;
    assert.deepEqual(verdict.lostDetails, []);
    assert.ok(verdict.orders.placed >= 5, `${verdict.orders.placed} placed`);
    assert.equal(verdict.orders.delivered, verdict.orders.placed);
    assert.equal(verdict.orders.placed, waggle.deliveries.size, 'repeats placed nothing twice');
    assert.ok(verdict.offers.accepted >= verdict.orders.delivered);
    assert.ok((verdict.clickToDoorMs.p50 ?? 0) > 4 * 60_000);
    assert.deepEqual(lines, []);
  });

  it('finds out a system that forgets an end it has acknowledged', async (t) => {
    const waggle = new SmallWaggle();
    let first: Made | null = null;
    waggle.forgets = (made) => {
      first ??= made;
      return made === first;
    };
    const { outcome } = await runOn(waggle, t);
    const details = outcome.verdict.lostDetails.join('\n');
    assert.equal(outcome.verdict.orders.open, 1);
    assert.match(details, /has no end/);
    assert.match(details, /delivered del_.*the history of the delivery lacks it/);
  });
});
