/**
 * A shard that asks a local OSRM server: it plans by the roads, asks for each pair once, goes on when
 * the server dies, and comes back from its log with the same times.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DriverDeed, ZoneCommand } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import { haversineMeters, type PointE7 } from '../../contracts/geo.ts';
import type { Shard, ShardCopy } from '../../dispatch/core/index.ts';
import { ManualClock } from '../../dispatch/memory/manual-clock.ts';
import { memoryPorts } from '../../dispatch/memory/memory-ports.ts';
import { MemoryStore } from '../../dispatch/memory/memory-store.ts';
import { RoutesDesk } from '../../dispatch/routes/desk.ts';
import { osrmSource } from '../../dispatch/routes/osrm.ts';
import { auditRecord } from '../../dispatch/runtime/audit.ts';
import { coreEngine } from '../../dispatch/runtime/core-engine.ts';
import { LEASE_MS } from '../../dispatch/runtime/limits.ts';
import { ShardHost } from '../../dispatch/runtime/shard-host.ts';
import { startOsrm } from '../../sandbox/osrm.ts';
import type { Roads } from '../../sandbox/roads.ts';
import type { StandIn } from '../../sandbox/server.ts';
import { place, profile, request, zoneConfig } from '../support/core-fixtures.ts';
import { failOnLeaks } from '../support/leaks.ts';
import { waitFor } from '../support/wait-for.ts';

failOnLeaks();

/** Nobody sends positions here. */
const SILENT = { staleMs: 86_400_000, suspendMs: 86_400_000 };
const ZONE = zoneConfig(1, { autoAssign: true, ...SILENT });
/** Zone time runs so much faster than leases: a quarter of an hour takes ninety turns. */
const SPEED = 10;
const PATIENT = { timeoutMs: 20_000, intervalMs: 1 };
/** Shorter than the wait for the parcel: times run out while it is still open. */
const HOLDS_MS = 300_000;
/** Drivers: one near the pickup across the river, one farther off on its side. */
const ACROSS = place(0.45, 0.5);
const HERE = place(0.62, 0.5);
const RIVER_LON_E7 = place(0.48, 0.5).lonE7;

/** One bridge, far away. */
const RIVER_ROADS: Roads = {
  hasRoad: () => true,
  seconds(from, to, metersPerSecond) {
    const crosses = from.lonE7 < RIVER_LON_E7 !== to.lonE7 < RIVER_LON_E7;
    return haversineMeters(from, to) / metersPerSecond + (crosses ? 1_800 : 0);
  },
};

type Host = ShardHost<Shard, ShardCopy>;

class Installation {
  readonly clock = new ManualClock(1_700_000_000_000, SPEED);
  readonly store = new MemoryStore({ nowMs: () => this.clock.hostMs() });
  readonly ports = memoryPorts(this.store, this.clock);
  readonly reports: string[] = [];
  private readonly committed: ZoneEvent[] = [];
  readonly t: TestContext;
  desk: RoutesDesk | null = null;

  constructor(t: TestContext) {
    this.t = t;
  }

  askAt({ url }: StandIn): RoutesDesk {
    const desk = new RoutesDesk({
      source: osrmSource({ url }),
      profiles: { bicycle: 'bike' },
      ...{ holdsMs: HOLDS_MS, timeoutMs: 500, requestsPerSecond: 1_000 },
      report: (problem) => this.reports.push(problem),
    });
    this.t.after(() => desk.close());
    this.desk = desk;
    return desk;
  }

  host(owner: string): Host {
    const host: Host = new ShardHost({
      ...{ shard: 0, owner, engine: coreEngine, ports: this.ports, report: () => {} },
      onCommitted: (_, record) => this.committed.push(...record.events.map(({ event }) => event)),
      ...(this.desk ? { routes: this.desk } : {}),
    });
    this.t.after(() => host.abandon());
    return host;
  }

  async send(...commands: ZoneCommand[]): Promise<void> {
    await this.ports.mailbox.append(
      0,
      commands.map((command) => ({ zone: ZONE.id, command })),
    );
  }

  /** Two drivers on duty, and a delivery that is ready in a quarter of an hour. */
  async open(): Promise<void> {
    // The log is read whole at the end: nothing may be trimmed before.
    await this.ports.log.setConsumer(0, 'test', { epoch: 0, seq: 0 });
    const duty = (n: number, at: PointE7 & { cell: number }): ZoneCommand => {
      const who = profile(n);
      const deed: DriverDeed = { kind: 'duty', duty: 'available', profile: who, at };
      return { type: 'driver.acted', driver: who.driver, action: 1, deed, atMs: 1 };
    };
    await this.send({ type: 'zone.open', config: ZONE }, duty(1, ACROSS), duty(2, HERE));
    await this.request(1);
  }

  async request(n: number, pickup = place(0.5, 0.5), dropoff = place(0.7, 0.6)): Promise<void> {
    const placedMs = this.clock.zoneMs();
    const order = request(n, { pickup, dropoff, placedMs, readyMs: placedMs + 900_000 });
    await this.send({ type: 'delivery.request', number: 1, request: order });
  }

  /** Turns, the host clock moving by `stepMs` each, until the log has an event that fits. */
  async until<T extends ZoneEvent['type']>(
    host: Host,
    type: T,
    fits: (event: Extract<ZoneEvent, { type: T }>) => boolean = () => true,
    stepMs = 1_000,
  ): Promise<Extract<ZoneEvent, { type: T }>> {
    return waitFor(
      async () => {
        this.clock.advance(stepMs);
        await host.advance();
        return this.events(type).find(fits);
      },
      { ...PATIENT, what: `${type} in the log` },
    );
  }

  events<T extends ZoneEvent['type']>(type: T): Extract<ZoneEvent, { type: T }>[] {
    return this.committed.filter(
      (event): event is Extract<ZoneEvent, { type: T }> => event.type === type,
    );
  }
}

async function osrm(t: TestContext): Promise<StandIn> {
  const server = await startOsrm({ roads: RIVER_ROADS, metersPerSecond: 4 });
  t.after(() => server.close());
  return server;
}

const ofDelivery = (n: number) => (event: { readonly delivery: string }) =>
  event.delivery === request(n).id;

test('without a source the nearer driver goes; with one, the driver who need not cross the river', async (t) => {
  const plain = new Installation(t);
  await plain.open();
  const { driver: nearer } = await plain.until(plain.host('a'), 'delivery.assigned');
  assert.equal(nearer, profile(1).driver);
  assert.equal(plain.events('travel.told').length, 0);

  const asking = new Installation(t);
  asking.askAt(await osrm(t));
  await asking.open();
  const host = asking.host('a');
  const told = await asking.until(host, 'travel.told', undefined, 20);
  assert.equal(told.source, 'osrm');
  const { driver } = await asking.until(host, 'delivery.assigned');
  assert.equal(driver, profile(2).driver);
});

test('each pair is asked for once while its answer holds, and again when it ran out', async (t) => {
  const server = await osrm(t);
  const asking = new Installation(t);
  asking.askAt(server);
  await asking.open();
  const host = asking.host('a');
  await asking.until(host, 'travel.told', undefined, 20);
  await asking.until(host, 'round.done', ({ round }) => round >= 20);
  const pairs = asking.events('travel.told').flatMap(({ times }) => times.map(String));
  const names = pairs.map((pair) => pair.split(',').slice(0, 3).join(' '));
  assert.equal(new Set(names).size, names.length, 'no pair was told twice');
  const requests = server.asked.length;
  assert.ok(requests <= 4, `${requests} requests`);
  const toldUntil = asking.events('travel.told')[0]?.untilMs ?? 0;
  await asking.until(host, 'travel.told', ({ untilMs }) => untilMs > toldUntil + HOLDS_MS / 2);
  assert.ok(server.asked.length > requests);
});

test('a server that dies, or talks nonsense, costs nothing but its answers', async (t) => {
  const server = await osrm(t);
  const asking = new Installation(t);
  const desk = asking.askAt(server);
  await asking.open();
  const host = asking.host('a');
  await asking.until(host, 'travel.told', undefined, 20);
  const told = asking.events('travel.told').length;
  server.fault = { kind: 'body', body: '<html>down for maintenance</html>', type: 'text/html' };
  await asking.request(2, place(0.55, 0.3), place(0.3, 0.3));
  await waitFor(async () => {
    asking.clock.advance(1_000);
    await host.advance();
    return (desk.picture().failures.nonsense ?? 0) > 0;
  }, PATIENT);
  assert.equal(asking.events('travel.told').length, told, 'nothing is taken in');
  await server.close();
  await asking.request(3, place(0.6, 0.7), place(0.8, 0.8));
  await asking.until(host, 'delivery.assigned', ofDelivery(1));
  await waitFor(async () => {
    asking.clock.advance(1_000);
    await host.advance();
    const thought = asking.events('round.thought').flatMap(({ chains }) => chains.flat(3));
    const isPlanned = (n: number) =>
      thought.includes(request(n).id) || asking.events('delivery.assigned').some(ofDelivery(n));
    return isPlanned(2) && isPlanned(3);
  }, PATIENT);
  assert.equal(host.mode, 'running');
  assert.equal(host.restores, 1, 'it never had to start anew');
});

test('a new owner has the same times from the log, and audit decides the same from them', async (t) => {
  const asking = new Installation(t);
  asking.askAt(await osrm(t));
  await asking.open();
  const first = asking.host('a');
  await asking.until(first, 'travel.told', undefined, 20);
  await asking.until(first, 'delivery.assigned');
  const zoneOf = (host: Host) => host.tenure?.shard.zones.get(ZONE.id);
  const times = zoneOf(first)?.routed.all() ?? [];
  assert.ok(times.length >= 3);
  const hash = first.tenure && coreEngine.hash(first.tenure.shard);
  await first.abandon();
  asking.clock.advance(LEASE_MS);
  const second = asking.host('b');
  while (second.mode !== 'running') await second.advance();
  assert.deepEqual(zoneOf(second)?.routed.all().slice(0, times.length), times);
  const audited = coreEngine.create(0);
  const records = asking.store.records(0);
  const findings = records.flatMap((record) => auditRecord(coreEngine, audited, record));
  assert.deepEqual(findings, []);
  const replayed = coreEngine.create(0);
  for (const { events, atMs, epoch } of records) {
    if (epoch === second.epoch) break;
    for (const { zone, event } of events) coreEngine.apply(replayed, zone, event, atMs);
  }
  assert.equal(coreEngine.hash(replayed), hash);
});
