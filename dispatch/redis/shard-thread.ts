/**
 * The entry of a worker thread: hosts shards on its own Redis connections with the real core, and
 * renews its own leases, so that a busy main thread cannot cost it a shard. It obeys `CrewOrder`s
 * and answers with `CrewNews`; it must not be imported, only started.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openRoutes } from '../routes/open.ts';
import { coreEngine } from '../runtime/core-engine.ts';
import { ShardHost } from '../runtime/shard-host.ts';
import { pictureOf, Squad } from '../runtime/squad.ts';
import { openRedisRuntime } from './redis-runtime.ts';
import type { CrewNews, CrewOrder, ThreadOptions } from './thread-crew.ts';

const REPORT_EVERY_MS = 500;

async function main(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('this file runs as a worker thread only');
  const options = workerData as ThreadOptions;
  const tell = (news: CrewNews): void => port.postMessage(news);
  const report = (problem: string, error: unknown): void => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error ?? '');
    tell({ t: 'problem', problem, reason });
  };
  const runtime = await openRedisRuntime({ ...options, onProblem: report });
  const routes =
    options.routes &&
    openRoutes(options.routes, runtime.routesBudget(options.routes.elementsPerDay), report);
  const squad = new Squad(
    (shard) =>
      new ShardHost({
        shard,
        owner: options.node,
        engine: coreEngine,
        ports: runtime.ports,
        report,
        leaseMs: options.leaseMs,
        ...(options.snapshotRecords === undefined
          ? {}
          : { snapshotRecords: options.snapshotRecords }),
        ...(options.logBytesMax === undefined ? {} : { logBytesMax: options.logBytesMax }),
        ...(routes === undefined ? {} : { routes }),
      }),
  );
  const send = (): void => {
    const report = squad.report((host) => pictureOf(host, coreEngine));
    tell({ t: 'report', report: routes ? { ...report, routes: routes.picture() } : report });
  };
  const timer = setInterval(send, REPORT_EVERY_MS);
  port.on('message', (order: CrewOrder) => {
    if (order.t === 'hold') squad.hold(order.shards);
    else if (order.t === 'nudge') squad.nudge(order.shard);
    else {
      clearInterval(timer);
      void squad.stop().finally(() => {
        routes?.close();
        runtime.close();
        tell({ t: 'stopped' });
        port.close();
      });
    }
  });
  send();
}

await main();
