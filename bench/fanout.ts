/**
 * How late does a customer see the driver? Ten thousand customers watch a delivery each; all drivers
 * move once a second. Age runs from the time a position was meant to be reported to its arrival at
 * the customer's socket. Then every tenth customer stops reading, and the rest is measured again.
 *
 * The drivers' positions enter where a gateway appends them, in batches every 50 ms as a gateway
 * flushes, so that the way from a driver's socket is not measured twice (`ingest` measures it).
 */

import type { ZoneCommand } from '../contracts/commands.ts';
import type { DriverId } from '../contracts/ids.ts';
import { BATCH_POSITIONS_MAX, BatchWriter } from '../contracts/position-batch.ts';
import { placeOf } from '../dispatch/geometry.ts';
import type { Door } from '../dispatch/redis/door.ts';
import { type BenchStack, type ServerCpu, withBenchStack } from './support/bench-stack.ts';
import {
  BENCH_ZONE,
  benchDelivery,
  benchDriver,
  benchProfile,
  benchUuid,
  cityPoints,
  type LatLon,
  movedBy,
} from './support/city.ts';
import { tcpSockets } from './support/process-usage.ts';
import type { BenchResult, Fact } from './support/report.ts';
import { Samples } from './support/samples.ts';
import { Swarm, type SwarmTotals } from './support/swarm.ts';
import { pass, waitUntil } from './support/waiting.ts';

const DELIVERIES = 10_000;
/** Every driver moves once in this time. Shorter than a second would be merged away by design. */
const PERIOD_MS = 1_100;
const FLUSH_MS = 50;
const SECONDS = 20;
const WARM_SECONDS = 5;
const SLOW_EVERY = 10;
/**
 * Answers that each slow customer asks for and does not read. On loopback a socket's buffers hold
 * some 2 MB, which a thousand of them must not be filled to on a shared machine; `replaced unsent`
 * says whether the gateway's own slots were reached.
 */
const UNREAD_ANSWERS = 200;
const STRIDE_METERS = 6;
const SETUP_MS = 180_000;
/** Where the gateway counts values that a newer one replaced before a slow socket took them. */
const REPLACED = 'waggle_gateway_flows_total{kind="latest_overwritten"';
const CUT = 'waggle_gateway_closes_total{code="slow_consumer"';
const APPEND_AT_ONCE = 500;

interface Phase {
  readonly totals: SwarmTotals;
  readonly lags: Samples;
  readonly cpu: ServerCpu;
  readonly moved: number;
  readonly wallMs: number;
  /** Values replaced by newer ones before their sockets took them. */
  readonly replaced: number;
}

/** Which slot of the zone a driver stands in, and for which stay. */
interface Stay {
  readonly slot: number;
  readonly tenancy: number;
}

/** The drivers: reports them as a gateway would, on time or with the lag noted. */
class Traffic {
  private readonly door: Door;
  private readonly stays: ReadonlyMap<DriverId, Stay>;
  private readonly places: LatLon[];
  private readonly writer = new BatchWriter();
  private next = 0;
  private dueMs = 0;
  private isOn = false;
  lags = new Samples();
  moved = 0;

  constructor(door: Door, stays: ReadonlyMap<DriverId, Stay>) {
    this.door = door;
    this.stays = stays;
    this.places = Array.from({ length: DELIVERIES }, cityPoints(2));
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    this.isOn = true;
    this.dueMs = this.door.clock.hostMs();
    const gapMs = PERIOD_MS / DELIVERIES;
    while (this.isOn) {
      const nowMs = this.door.clock.hostMs();
      for (; this.dueMs <= nowMs; this.dueMs += gapMs) {
        if (this.writer.count === BATCH_POSITIONS_MAX) await this.flush();
        this.move();
      }
      await this.flush();
      await pass(Math.max(1, FLUSH_MS - (this.door.clock.hostMs() - nowMs)));
    }
  }

  stop(): void {
    this.isOn = false;
  }

  private stayOf(driver: number): Stay {
    const stay = this.stays.get(benchDriver(driver));
    if (!stay) throw new Error(`driver ${driver} is not on duty`);
    return stay;
  }

  private move(): void {
    const driver = this.next++ % DELIVERIES;
    const stride = Math.floor(this.next / DELIVERIES) % 100 < 50 ? STRIDE_METERS : -STRIDE_METERS;
    const place = movedBy(this.places[driver] ?? { lat: 0, lon: 0 }, stride, 0);
    this.places[driver] = place;
    this.lags.add(this.door.clock.hostMs() - this.dueMs);
    this.moved++;
    const fix = { fixMs: Math.floor(this.dueMs), headingDegrees: 90, speedCmps: 600 };
    const position = { ...placeOf(place.lat, place.lon), ...fix, ...this.stayOf(driver) };
    this.writer.add({ ...position, accuracyMeters: 8 });
  }

  private async flush(): Promise<void> {
    const batch = this.writer.take();
    if (batch && !(await this.door.appendPositions(BENCH_ZONE, batch))) {
      throw new Error('a batch of positions was not taken');
    }
  }
}

/** Every driver on duty with one delivery aboard, done by commands as services and ops give them. */
async function loadDrivers(door: Door): Promise<ReadonlyMap<DriverId, Stay>> {
  const draw = cityPoints(2);
  const doors = cityPoints(4);
  const shard = door.zone(BENCH_ZONE)?.shard ?? 0;
  const before = await door.logEnd(shard);
  await door.setConsumer(shard, 'bench', before);
  const steps: ((n: number) => ZoneCommand)[] = [
    (n) => goOnDuty(n, draw(), door.clock.zoneMs()),
    (n) => request(n, doors(), door.clock.zoneMs()),
    (n) => byOps(n, 'assign', { kind: 'assign', driver: benchDriver(n) }),
    (n) => byOps(n, 'picked-up', { kind: 'picked_up', driver: benchDriver(n) }),
  ];
  for (const step of steps) {
    for (let from = 0; from < DELIVERIES; from += APPEND_AT_ONCE) {
      const numbers = Array.from({ length: APPEND_AT_ONCE }, (_, i) => from + i);
      const outcomes = await Promise.all(
        numbers.map((n) => door.append({ zone: BENCH_ZONE, command: step(n) })),
      );
      if (outcomes.includes('full')) throw new Error('the mailbox is full');
    }
  }
  return readStays(door, shard, before);
}

/** Follows the log until every parcel is aboard. */
async function readStays(
  door: Door,
  shard: number,
  from: Awaited<ReturnType<Door['logEnd']>>,
): Promise<ReadonlyMap<DriverId, Stay>> {
  const stays = new Map<DriverId, Stay>();
  let after = from;
  let aboard = 0;
  await waitUntil(SETUP_MS, 'all parcels to be aboard', async () => {
    for (const { position, record } of await door.readLog(shard, after, 256)) {
      after = position;
      for (const { event } of record.events) {
        if (event.type === 'driver.joined') {
          stays.set(event.profile.driver, { slot: event.slot, tenancy: event.tenancy });
        } else if (event.type === 'delivery.moved' && event.state === 'picked_up') aboard++;
        else if (event.type === 'ops.acted' && event.refused) {
          throw new Error(`${event.verb} was refused: ${event.refused}`);
        }
      }
    }
    return aboard >= DELIVERIES;
  });
  await door.dropConsumer(shard, 'bench');
  return stays;
}

function goOnDuty(n: number, { lat, lon }: LatLon, atMs: number): ZoneCommand {
  const profile = benchProfile(n);
  const deed = { kind: 'duty', duty: 'available', profile, at: placeOf(lat, lon) } as const;
  return { type: 'driver.acted', driver: profile.driver, action: 1, deed, atMs };
}

/** Not due for an hour: rounds leave it alone until it is assigned by hand. */
function request(n: number, { lat, lon }: LatLon, nowMs: number): ZoneCommand {
  const place = placeOf(lat, lon);
  const laterMs = Math.round(nowMs) + 3_600_000;
  return {
    type: 'delivery.request',
    number: 1,
    request: {
      id: benchDelivery(n),
      account: `acc_${benchUuid(1)}`,
      ...{ pickup: place, dropoff: place, placedMs: Math.round(nowMs) },
      ...{ readyMs: laterMs, readySource: 'promised', notBeforeMs: laterMs },
      load: { parcels: 1, volumeMl: 1_000, weightG: 500 },
      ifUndeliverable: 'return',
    },
  };
}

type Verb = Extract<ZoneCommand, { type: 'delivery.ops' }>['verb'];

function byOps(n: number, what: string, verb: Verb): ZoneCommand {
  const about = { request: `${what}-${n}`, actor: 'bench', reason: 'to measure' };
  return { type: 'delivery.ops', ...about, delivery: benchDelivery(n), verb };
}

async function watch(stack: BenchStack, swarm: Swarm, traffic: Traffic): Promise<Phase> {
  await swarm.all({ do: 'watch', seconds: WARM_SECONDS });
  traffic.lags = new Samples();
  traffic.moved = 0;
  const replacedBefore = await stack.gatewayCount(REPLACED);
  const start = stack.cpu();
  const startMs = performance.now();
  const totals = await swarm.all({ do: 'watch', seconds: SECONDS });
  const wallMs = performance.now() - startMs;
  const end = stack.cpu();
  const cpu = {
    gateway: end.gateway - start.gateway,
    redis: end.redis - start.redis,
    dispatch: end.dispatch - start.dispatch,
  };
  const replaced = (await stack.gatewayCount(REPLACED)) - replacedBefore;
  return { totals, lags: traffic.lags, cpu, moved: traffic.moved, wallMs, replaced };
}

function facts(name: string, { totals, lags, cpu, moved, wallMs, replaced }: Phase): Fact[] {
  const { latencies, received } = totals;
  const unit = 'µs CPU per update';
  return [
    { what: `${name}: positions`, value: (1_000 * moved) / wallMs, unit: 'per second' },
    {
      what: `${name}: updates at customers`,
      value: (1_000 * received) / wallMs,
      unit: 'per second',
    },
    { what: `${name}: p50`, value: latencies.quantile(0.5), unit: 'ms' },
    { what: `${name}: p99`, value: latencies.quantile(0.99), unit: 'ms' },
    { what: `${name}: p99.9`, value: latencies.quantile(0.999), unit: 'ms' },
    { what: `${name}: late to report, p99`, value: lags.quantile(0.99), unit: 'ms (generator)' },
    { what: `${name}: replaced unsent`, value: (1_000 * replaced) / wallMs, unit: 'per second' },
    { what: `${name}: gateway`, value: cpu.gateway / moved, unit },
    { what: `${name}: Redis`, value: cpu.redis / moved, unit },
    { what: `${name}: dispatch`, value: cpu.dispatch / moved, unit },
  ];
}

async function measure(stack: BenchStack): Promise<BenchResult> {
  const stays = await loadDrivers(stack.door);
  const port = stack.gatewayPort;
  const traffic = new Traffic(stack.door, stays);
  // The drivers move from the start, so that nobody falls silent while customers connect.
  const driving = traffic.run();
  // Heard of at the end, where it is awaited.
  driving.catch(() => {});
  let swarm: Swarm | undefined;
  try {
    swarm = await Swarm.start(DELIVERIES, { do: 'connect', kind: 'customer', port });
    const all = await watch(stack, swarm, traffic);
    const freeBytes = tcpSockets().bufferBytes;
    await swarm.all({ do: 'pause', every: SLOW_EVERY, answers: UNREAD_ANSWERS });
    const rest = await watch(stack, swarm, traffic);
    const stuckBytes = (tcpSockets().bufferBytes - freeBytes) / (DELIVERIES / SLOW_EVERY);
    const cut = await stack.gatewayCount(CUT);
    traffic.stop();
    await driving;
    return result(stack, all, rest, { stuckBytes, cut });
  } finally {
    traffic.stop();
    swarm?.stop();
  }
}

function result(
  stack: BenchStack,
  all: Phase,
  rest: Phase,
  slow: { readonly stuckBytes: number; readonly cut: number },
): BenchResult {
  const memory = stack.memory();
  const p99 = ({ totals }: Phase): number => totals.latencies.quantile(0.99);
  const { gateway, redis, dispatch } = all.cpu;
  const cores = (micros: number): string => (micros / all.wallMs / 1_000).toFixed(2);
  return {
    name: 'fanout',
    question: `${DELIVERIES.toLocaleString('en')} customers each watch a driver who moves every ${PERIOD_MS} ms`,
    facts: [
      ...facts('all read', all),
      ...facts('a tenth does not', rest),
      { what: 'kernel buffers per customer who does not', value: slow.stuckBytes, unit: 'bytes' },
      { what: 'customers cut for not reading', value: slow.cut, unit: '' },
      { what: 'memory: gateway', value: memory.gateway / 2 ** 20, unit: 'MB' },
      { what: 'memory: Redis', value: memory.redis / 2 ** 20, unit: 'MB' },
      { what: 'memory: dispatch', value: memory.dispatch / 2 ** 20, unit: 'MB' },
    ],
    targets: [
      { what: 'p99, all read', measured: p99(all), bound: 250, sense: 'most', unit: 'ms' },
      {
        what: 'p99 of the rest, a tenth does not',
        measured: p99(rest),
        bound: 250,
        sense: 'most',
        unit: 'ms',
      },
    ],
    bottleneck:
      `cores busy: gateway ${cores(gateway)}, Redis ${cores(redis)}, dispatch ${cores(dispatch)}; ` +
      'a send to one socket and its message on a channel of its own are what an update costs' +
      (slow.cut + rest.replaced > 0
        ? ''
        : '. The kernel took all that was not read: no slot was used'),
  };
}

/** Starts a stack, puts a parcel aboard every driver, and watches them all. */
export function benchFanout(): Promise<BenchResult> {
  return withBenchStack(measure);
}
