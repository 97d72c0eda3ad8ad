/** Both adapters of the runtime's ports, behind one face: what holds for one must hold for the other. */
import { ManualClock } from '../../dispatch/memory/manual-clock.ts';
import { memoryPorts } from '../../dispatch/memory/memory-ports.ts';
import { MemoryStore } from '../../dispatch/memory/memory-store.ts';
import { openRedisRuntime } from '../../dispatch/redis/redis-runtime.ts';
import type { RuntimePorts } from '../../dispatch/runtime/ports.ts';
import { withRedis } from './redis.ts';
import type { Scope } from './scope.ts';
import { waitFor } from './wait-for.ts';

export interface Bounds {
  readonly mailboxMax?: number;
  readonly logBytesMax?: number;
}

export interface Twin {
  readonly ports: RuntimePorts;
  /** Looks until the condition holds; time passes meanwhile. */
  until<T>(condition: () => Promise<T>): Promise<void>;
}

export interface TwinKind {
  readonly name: string;
  open(scope: Scope, bounds?: Bounds): Promise<Twin>;
}

const STEP_MS = 10;

async function openMemory(_scope: Scope, bounds: Bounds = {}): Promise<Twin> {
  const clock = new ManualClock(1_800_000_000_000);
  const store = new MemoryStore({ nowMs: () => clock.hostMs(), ...bounds });
  return {
    ports: memoryPorts(store, clock),
    async until(condition) {
      for (let looks = 0; !(await condition()); looks++) {
        if (looks > 1_000) throw new Error('never came to hold');
        clock.advance(STEP_MS);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  };
}

async function openRedis(scope: Scope, bounds: Bounds = {}): Promise<Twin> {
  const redis = await withRedis(scope);
  const runtime = await openRedisRuntime({
    redisUrl: redis.url,
    keyPrefix: redis.prefix,
    ...bounds,
  });
  scope.after(() => runtime.close());
  return {
    ports: runtime.ports,
    async until(condition) {
      await waitFor(async () => Boolean(await condition()));
    },
  };
}

export const TWINS: readonly TwinKind[] = [
  { name: 'memory', open: openMemory },
  { name: 'redis', open: openRedis },
];
