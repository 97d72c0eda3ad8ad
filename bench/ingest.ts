/**
 * How dear is a position, from a driver's socket to the zone's index? Ten thousand drivers on duty
 * report through the real gateway, Redis and dispatch node; ages run from the time a position was
 * meant to be sent, so a generator or server that falls behind is seen, not forgiven.
 */
import type { NodePicture } from '../contracts/push.ts';
import { type BenchStack, type ServerCpu, withBenchStack } from './support/bench-stack.ts';
import type { BenchResult, Fact } from './support/report.ts';
import { Swarm, type SwarmTotals } from './support/swarm.ts';
import { pass, waitUntil } from './support/waiting.ts';

const DRIVERS = 10_000;
const SECONDS = 20;
const WARM_SECONDS = 6;
const IDLE_SECONDS = 5;
/** Each driver every two seconds: 5,000 frames a second. */
const SINGLE_PERIOD_MS = 2_000;
/** Each driver samples once a second and sends ten at once: 1,000 frames, 10,000 points a second. */
const BATCH_PERIOD_MS = 10_000;
const BATCH = 10;
const SETTLE_MS = 30_000;

interface Phase {
  readonly totals: SwarmTotals;
  readonly cpu: ServerCpu;
  readonly generator: number;
  readonly wallMs: number;
  /** What the node's own pictures said of each second: ages in ms. */
  readonly p50: number;
  readonly p99: number;
  readonly indexed: number;
  readonly dropped: number;
}

async function drive(
  stack: BenchStack,
  swarm: Swarm,
  periodMs: number,
  points: number,
): Promise<Phase> {
  await swarm.all({ do: 'drive', seconds: WARM_SECONDS, periodMs, points });
  const pictures: NodePicture[] = [];
  const before = await settled(stack);
  const stop = await stack.door.watchNodes((picture) => pictures.push(picture));
  const start = stack.cpu();
  const startGenerator = swarm.cpu();
  const startMs = performance.now();
  const totals = await swarm.all({ do: 'drive', seconds: SECONDS, periodMs, points });
  await pass(200);
  const end = stack.cpu();
  const wallMs = performance.now() - startMs;
  const generator = swarm.cpu() - startGenerator;
  const after = await settled(stack);
  await stop();
  const busy = pictures.filter(({ positions }) => positions.perSecond > 0);
  const ages = busy.map(({ positions }) => positions);
  return {
    ...{ totals, generator, wallMs },
    cpu: less(end, start),
    p50: Math.max(...ages.map(({ ageP50Ms }) => ageP50Ms)),
    p99: Math.max(...ages.map(({ ageP99Ms }) => ageP99Ms)),
    indexed: after.indexed - before.indexed,
    dropped: after.dropped - before.dropped,
  };
}

/** The node's counts once they have stopped growing. */
async function settled(stack: BenchStack): Promise<{ indexed: number; dropped: number }> {
  let last = { indexed: -1, dropped: -1 };
  let quiet = 0;
  await waitUntil(SETTLE_MS, 'the last positions to arrive', async () => {
    const [picture] = await stack.door.nodePictures();
    const { indexed = 0, dropped = 0 } = picture?.positions ?? {};
    // Pictures come about once a second: the same count for longer means that nothing comes.
    quiet = indexed === last.indexed && dropped === last.dropped ? quiet + 1 : 0;
    last = { indexed, dropped };
    return quiet > 40;
  });
  return last;
}

function less(a: ServerCpu, b: ServerCpu): ServerCpu {
  return {
    gateway: a.gateway - b.gateway,
    redis: a.redis - b.redis,
    dispatch: a.dispatch - b.dispatch,
  };
}

function sum({ gateway, redis, dispatch }: ServerCpu): number {
  return gateway + redis + dispatch;
}

function facts(name: string, phase: Phase, positions: number, unit: string): Fact[] {
  const { totals, cpu, wallMs } = phase;
  const per = (value: number): number => value / positions;
  return [
    { what: `${name}: sent per second`, value: (1_000 * positions) / wallMs, unit },
    { what: `${name}: gateway`, value: per(cpu.gateway), unit: `µs CPU per ${unit}` },
    { what: `${name}: Redis`, value: per(cpu.redis), unit: `µs CPU per ${unit}` },
    { what: `${name}: dispatch`, value: per(cpu.dispatch), unit: `µs CPU per ${unit}` },
    { what: `${name}: generator`, value: per(phase.generator), unit: `µs CPU per ${unit}` },
    {
      what: `${name}: late to send, p99`,
      value: totals.lags.quantile(0.99),
      unit: 'ms (generator)',
    },
    { what: `${name}: age p50, worst second`, value: phase.p50, unit: 'ms' },
    { what: `${name}: age p99, worst second`, value: phase.p99, unit: 'ms' },
    { what: `${name}: frames not indexed`, value: totals.sent - phase.indexed, unit: '' },
    { what: `${name}: positions dropped`, value: phase.dropped, unit: '' },
  ];
}

async function measure(stack: BenchStack): Promise<BenchResult> {
  const port = stack.gatewayPort;
  const swarm = await Swarm.start(DRIVERS, { do: 'connect', kind: 'driver', port });
  try {
    await settled(stack);
    const idleStart = stack.cpu();
    await pass(IDLE_SECONDS * 1_000);
    const idle = less(stack.cpu(), idleStart);
    const single = await drive(stack, swarm, SINGLE_PERIOD_MS, 1);
    const batch = await drive(stack, swarm, BATCH_PERIOD_MS, BATCH);
    const memory = stack.memory();
    const singles = single.totals.sent;
    const batched = batch.totals.sent * BATCH;
    const mb = (bytes: number): number => bytes / 2 ** 20;
    return {
      name: 'ingest',
      question: `${DRIVERS.toLocaleString('en')} drivers report to the index of their zone`,
      facts: [
        {
          what: 'idle: all servers',
          value: sum(idle) / IDLE_SECONDS / 1_000,
          unit: 'ms CPU per second',
        },
        ...facts('single', single, singles, 'frame'),
        ...facts('tens', batch, batched, 'position'),
        { what: 'memory: gateway', value: mb(memory.gateway), unit: 'MB' },
        { what: 'memory: Redis', value: mb(memory.redis), unit: 'MB' },
        { what: 'memory: dispatch', value: mb(memory.dispatch), unit: 'MB' },
      ],
      targets: [
        {
          what: 'age p99, worst second',
          measured: single.p99,
          bound: 250,
          sense: 'most',
          unit: 'ms',
        },
        {
          what: 'servers, one position a frame',
          ...{ measured: sum(single.cpu) / singles, bound: 25, sense: 'most', unit: 'µs CPU' },
        },
        {
          what: 'servers, ten positions a frame',
          ...{ measured: sum(batch.cpu) / batched, bound: 4, sense: 'most', unit: 'µs CPU' },
        },
      ],
      bottleneck: bottleneck(single),
    };
  } finally {
    swarm.stop();
  }
}

function bottleneck({ cpu, wallMs, generator }: Phase): string {
  const cores = (micros: number): string => (micros / wallMs / 1_000).toFixed(2);
  const { gateway, redis, dispatch } = cpu;
  return (
    `no server was full; cores busy: gateway ${cores(gateway)}, Redis ${cores(redis)}, dispatch ` +
    `${cores(dispatch)}, generator ${cores(generator)}. The gateway's receiving of one frame comes ` +
    'first, and age is mostly its flush every 50 ms'
  );
}

/** Starts a stack, connects the drivers, and measures single and batched positions. */
export function benchIngest(): Promise<BenchResult> {
  return withBenchStack(measure);
}
