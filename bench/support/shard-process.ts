/**
 * A shard host of one shard in a process of its own, with the real core and a real Redis, told what
 * to do over its channel. It is the dispatch side of the `commit` benchmark.
 */

import { openRedisRuntime } from '../../dispatch/redis/redis-runtime.ts';
import { coreEngine } from '../../dispatch/runtime/core-engine.ts';
import { ShardHost } from '../../dispatch/runtime/shard-host.ts';

export type ShardOrder =
  /** Connects; nothing is taken in yet. */
  | { readonly do: 'open'; readonly redisUrl: string }
  | { readonly do: 'run' }
  | { readonly do: 'figures' };

export interface ShardFigures {
  readonly commits: number;
  readonly snapshotPauseMs: number;
  readonly snapshots: number;
  readonly problems: number;
}

type Host = ShardHost<Parameters<typeof coreEngine.copy>[0], ReturnType<typeof coreEngine.copy>>;

let host: Host | undefined;
let problems = 0;

async function obey(order: ShardOrder): Promise<ShardFigures> {
  if (order.do === 'open') {
    const report = (problem: string, error: unknown): void => {
      problems++;
      process.stderr.write(`${problem}: ${String(error)}\n`);
    };
    const { redisUrl } = order;
    const { ports } = await openRedisRuntime({ redisUrl, keyPrefix: '', onProblem: report });
    host = new ShardHost({ shard: 0, owner: 'bench', engine: coreEngine, ports, report });
  } else if (order.do === 'run') void host?.run();
  return {
    commits: host?.tenure?.commits ?? 0,
    snapshotPauseMs: host?.snapshotter?.lastPauseMs ?? 0,
    snapshots: host?.snapshotter?.written ?? 0,
    problems,
  };
}

process.on('message', (order: ShardOrder) => {
  obey(order).then(
    (figures) => process.send?.(figures),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
