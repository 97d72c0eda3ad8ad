/**
 * Owns some nodes of search on the same stores, each a process with a read model of its own. What
 * the broker would spread over them is asked within each: the same part of all questions, by intended
 * time; the way of a call from one process to another is not in it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { NODE_FLAGS } from '../../launch/processes.ts';
import { Samples } from './samples.ts';
import type { SearchStores } from './search-processes.ts';

export type NodeOrder =
  | {
      readonly do: 'start';
      readonly name: string;
      readonly databaseUrl: string;
      readonly redisUrl: string;
      readonly vendors: number;
      readonly seed: number;
    }
  /** null: one question after the other. */
  | { readonly do: 'ask'; readonly perSecond: number | null; readonly seconds: number };

export interface NodeReply {
  readonly error: string | null;
  readonly perSecond: number;
  readonly refused: number;
  readonly cpuMicros: number;
  /** ms. */
  readonly latencies: readonly number[];
  readonly lags: readonly number[];
}

/** All nodes together. */
export interface NodesMeasured {
  readonly perSecond: number;
  readonly refused: number;
  readonly cpuMicros: number;
  readonly latencies: Samples;
  readonly lags: Samples;
}

export interface SearchNodes {
  /** Asks all of them at the same time; null: as fast as it goes, one question after the other. */
  ask(perSecondInAll: number | null, seconds: number): Promise<NodesMeasured>;
}

/** Runs `use` with so many nodes, each with its read model loaded and warm. */
export async function withSearchNodes<T>(
  { databaseUrl, redisUrl }: SearchStores,
  { nodes, vendors }: { readonly nodes: number; readonly vendors: number },
  use: (nodes: SearchNodes) => Promise<T>,
): Promise<T> {
  const children = Array.from({ length: nodes }, () =>
    fork(join(import.meta.dirname, 'search-node.ts'), {
      serialization: 'advanced',
      execArgv: NODE_FLAGS,
    }),
  );
  try {
    for (const [n, child] of children.entries()) {
      const name = `bench-${n + 1}`;
      await tell(child, { do: 'start', name, databaseUrl, redisUrl, vendors, seed: 11 + n });
    }
    return await use({
      async ask(perSecondInAll, seconds) {
        const perSecond = perSecondInAll === null ? null : perSecondInAll / nodes;
        const replies = await Promise.all(
          children.map((child) => tell(child, { do: 'ask', perSecond, seconds })),
        );
        return together(replies);
      },
    });
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

function together(replies: readonly NodeReply[]): NodesMeasured {
  const latencies = new Samples();
  const lags = new Samples();
  let [perSecond, refused, cpuMicros] = [0, 0, 0];
  for (const reply of replies) {
    perSecond += reply.perSecond;
    refused += reply.refused;
    cpuMicros += reply.cpuMicros;
    latencies.addAll(reply.latencies);
    lags.addAll(reply.lags);
  }
  return { perSecond, refused, cpuMicros, latencies, lags };
}

function tell(child: ChildProcess, order: NodeOrder): Promise<NodeReply> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('a node of search ended'));
    child.once('exit', onExit);
    child.once('message', (reply: NodeReply) => {
      child.removeListener('exit', onExit);
      if (reply.error === null) resolve(reply);
      else reject(new Error(reply.error));
    });
    child.send(order);
  });
}
