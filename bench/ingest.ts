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
const BATCH = 10;
/** Each driver samples once a second and sends ten at once: 1,000 frames, 10,000 positions a second. */
const SPARSE_PERIOD_MS = 10_000;
/**
 * As many frames as with single positions. What ten positions cost depends on this rate, because a
 * rare frame wakes a process for itself alone and what runs anyway is shared by fewer positions; so
 * both are measured and both are held against the bound.
 */
const DENSE_PERIOD_MS = SINGLE_PERIOD_MS;
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
    const sparse = await drive(stack, swarm, SPARSE_PERIOD_MS, BATCH);
    const dense = await drive(stack, swarm, DENSE_PERIOD_MS, BATCH);
    const memory = stack.memory();
    const singles = single.totals.sent;
    const perPosition = ({ cpu, totals }: Phase): number => sum(cpu) / totals.sent / BATCH;
    const mb = (bytes: number): number => bytes / 2 ** 20;
    return {
      name: 'ingest',
      question: `${DRIVERS.toLocaleString('en')} drivers report to the index of their zone`,
      facts: [
        ...(['gateway', 'redis', 'dispatch'] as const).map((server) => ({
          what: `idle: ${server}`,
          value: idle[server] / IDLE_SECONDS / 1_000,
          unit: 'ms CPU per second',
        })),
        ...facts('single', single, singles, 'frame'),
        ...facts('tens, rare', sparse, sparse.totals.sent * BATCH, 'position'),
        ...facts('tens, often', dense, dense.totals.sent * BATCH, 'position'),
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
          what: 'singles, 5,000 frames a second',
          ...{ measured: sum(single.cpu) / singles, bound: 25, sense: 'most', unit: 'µs CPU' },
        },
        ...(
          [
            ['tens, 1,000 frames a second', sparse],
            ['tens, 5,000 frames a second', dense],
          ] as const
        ).map(([what, phase]) => ({
          ...{ what, measured: perPosition(phase), bound: 4, unit: 'µs CPU' },
          sense: 'most' as const,
        })),
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
    `cores busy with singles: gateway ${cores(gateway)}, Redis ${cores(redis)}, dispatch ` +
    `${cores(dispatch)}, generator ${cores(generator)}. The gateway's work on a frame is the ` +
    'largest part; the median age is about what its flush every 50 ms explains'
  );
}

/** Starts a stack, connects the drivers, and measures single and batched positions. */
export function benchIngest(): Promise<BenchResult> {
  return withBenchStack(measure);
}
