/** A courier at its phone, with a small door in place of the real one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Stop } from '../../contracts/events.ts';
import type { DriverView } from '../../contracts/push.ts';
import type { AppDeed, DeedAnswer, DriverSocketEvents } from '../../demo/doors.ts';
import { DriverApp } from '../../demo/driver.ts';
import { Journal } from '../../demo/journal.ts';
import type { Hired } from '../../demo/people.ts';
import { randomStream } from '../../demo/random.ts';
import { TimerWheel } from '../../demo/timer-wheel.ts';

const SPEED = { foot: 1e4, bicycle: 1e4, ebike: 1e4, scooter: 1e4, car: 1e4, van: 1e4 };

/** A zone of one courier: time is moved by hand, answers are given at once. */
class Stand {
  nowMs = 0;
  readonly said: string[] = [];
  readonly reported: { lat: number; lon: number }[] = [];
  readonly journal = new Journal();
  readonly counters = { positionsSent: 0, deedsRefused: 0, connectionsLost: 0, onDuty: 0 };
  readonly wheel = new TimerWheel(
    () => this.nowMs,
    (error) => {
      throw error;
    },
  );
  refuse: (deed: AppDeed) => string | null = () => null;
  closed = false;
  action = 0;
  events: DriverSocketEvents | null = null;
  readonly app: DriverApp;

  constructor(manners: { declinePerMille?: number; ignorePerMille?: number } = {}) {
    const world = {
      clock: {
        speed: 1,
        zoneMs: () => this.nowMs,
        wallMsUntil: (atMs: number) => atMs - this.nowMs,
      },
      wheel: this.wheel,
      journal: this.journal,
      manners: {
        speedMmps: SPEED,
        detourPerMille: 1000,
        travelStepMs: 0,
        pickupServiceMs: 0,
        dropoffServiceMs: 0,
        answerMsMin: 1_000,
        answerMsMax: 1_000,
        declinePerMille: 0,
        ignorePerMille: 0,
        wanders: false,
        ...manners,
      },
      open: (_token: unknown, events: DriverSocketEvents) => {
        this.events = events;
        return {
          act: (deed: AppDeed) => this.act(deed),
          report: (at: { lat: number; lon: number }) => void this.reported.push(at),
          close: () => this.close(),
        };
      },
      readyMs: () => 0,
      opensMs: () => 0,
      haunts: [],
      reportMs: 1_000,
      counters: this.counters,
    };
    const hired = { driver: 'drv_1', vehicle: 'veh_1', session: null } as unknown as Hired;
    const at = { lat: 0, lon: 0 };
    const shift = { key: 'c1', vehicle: 'car', at, onMs: 0, offMs: 1e9 } as const;
    this.app = new DriverApp(world, hired, shift, randomStream(1, 'c1'));
  }

  private act(deed: AppDeed): Promise<DeedAnswer> {
    const about = 'delivery' in deed ? deed.delivery : 'duty' in deed ? deed.duty : deed.offer;
    this.said.push(`${deed.kind} ${about}`);
    return Promise.resolve({ action: ++this.action, refused: this.refuse(deed) });
  }

  private close(): void {
    this.closed = true;
  }

  /** Moves time on in steps of a tick, letting answers arrive between them. */
  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 50;
      this.wheel.turn();
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
  }

  show(part: Partial<DriverView>): void {
    this.events?.onView({
      driver: 'drv_1',
      zone: 'zon_1',
      version: 1,
      duty: 'available',
      slot: 0,
      tenancy: 1,
      planVersion: 1,
      stops: [],
      offer: null,
      lastAction: this.action,
      ...part,
    });
  }
}

function stop(id: string, kind: Stop['kind'], latE7: number): Stop {
  return { id, kind, delivery: 'del_1', latE7, lonE7: 0, cell: 0, arrived: false };
}

const STOPS = [stop('s1', 'pickup', 9_000), stop('s2', 'dropoff', 0)];
const OFFER = {
  id: 'ofr_1',
  deliveries: ['del_1'],
  stops: STOPS,
  terms: { payMinor: 1, currency: 'EUR', toPickupMeters: 1, toDropoffMeters: 1, expiresMs: 1e6 },
};

async function onDuty(manners: ConstructorParameters<typeof Stand>[0] = {}): Promise<Stand> {
  const stand = new Stand(manners);
  stand.events?.onOpen();
  await stand.pass(100);
  return stand;
}

describe('a courier at its phone', () => {
  it('goes on duty, takes an offer after a while, and does the whole delivery', async () => {
    const stand = await onDuty();
    stand.show({ offer: OFFER });
    await stand.pass(500);
    assert.deepEqual(stand.said, ['duty available']);
    await stand.pass(1_000);
    stand.show({ stops: STOPS });
    await stand.pass(60_000);
    assert.deepEqual(stand.said, [
      'duty available',
      'accept ofr_1',
      'arrived del_1',
      'picked_up del_1',
      'arrived del_1',
      'delivered del_1',
    ]);
    assert.equal(stand.journal.deeds.length, 6);
    assert.ok(stand.counters.positionsSent > 10);
  });

  it('drives to where it is asked to wait, and from there to its work', async () => {
    const stand = await onDuty();
    const waitAt = { latE7: 18_000, lonE7: 0, cell: 0, byMs: 20_000 };
    stand.show({ waitAt });
    await stand.pass(60_000);
    assert.deepEqual(stand.reported.at(-1), { lat: 0.0018, lon: 0 });
    stand.show({ stops: STOPS });
    await stand.pass(60_000);
    assert.ok(stand.said.includes('delivered del_1'));
  });

  it('keeps on driving to its stop when it is asked to wait elsewhere', async () => {
    const stand = await onDuty();
    stand.show({ stops: STOPS });
    await stand.pass(1_000);
    stand.show({ stops: STOPS, waitAt: { latE7: -18_000, lonE7: 0, cell: 0, byMs: 20_000 } });
    await stand.pass(60_000);
    assert.ok(stand.said.includes('delivered del_1'));
  });

  it('tries again to go on duty while that is refused', async () => {
    const stand = new Stand();
    stand.refuse = () => 'driver_leaving';
    stand.events?.onOpen();
    await stand.pass(2_500);
    assert.deepEqual(stand.said, ['duty available', 'duty available']);
    assert.equal(stand.counters.onDuty, 0);
  });

  it('declines or forgets offers when its manners say so', async () => {
    const picky = await onDuty({ declinePerMille: 1000 });
    picky.show({ offer: OFFER });
    await picky.pass(2_000);
    assert.equal(picky.said.at(-1), 'decline ofr_1');
    const dreamy = await onDuty({ ignorePerMille: 1000 });
    dreamy.show({ offer: OFFER });
    await dreamy.pass(5_000);
    assert.deepEqual(dreamy.said, ['duty available']);
  });

  it('does not answer an offer that has gone', async () => {
    const stand = await onDuty();
    stand.show({ offer: OFFER });
    await stand.pass(500);
    stand.show({});
    await stand.pass(2_000);
    assert.deepEqual(stand.said, ['duty available']);
  });

  it('repeats a deed that was refused while its stop is still in the plan', async () => {
    const stand = await onDuty();
    let refusals = 1;
    stand.refuse = (deed) => (deed.kind === 'picked_up' && refusals-- > 0 ? 'wrong_state' : null);
    stand.show({ stops: STOPS.slice(0, 1) });
    await stand.pass(60_000);
    assert.equal(stand.said.filter((deed) => deed === 'picked_up del_1').length, 2);
  });

  it('ends its shift only after its last job', async () => {
    const stand = await onDuty();
    stand.show({ stops: STOPS });
    stand.app.leave();
    await stand.pass(10_000);
    assert.equal(stand.said[1], 'duty last_job');
    assert.equal(stand.closed, false);
    stand.show({ stops: [] });
    await stand.pass(100);
    assert.equal(stand.said.at(-1), 'duty off');
    assert.equal(stand.closed, true);
    await stand.app.done;
    assert.equal(stand.counters.onDuty, 0);
  });

  it('is not counted off duty when it never was on', async () => {
    const stand = new Stand();
    stand.app.leave();
    await stand.app.done;
    assert.equal(stand.counters.onDuty, 0);
    assert.equal(stand.closed, true);
  });

  it('goes on duty again when no zone knows it any more', async () => {
    const stand = await onDuty();
    stand.show({});
    stand.events?.onView(null);
    await stand.pass(100);
    assert.deepEqual(stand.said, ['duty available', 'duty available']);
    assert.equal(stand.counters.onDuty, 1);
  });
});
