/**
 * Owns the generators: several child processes of sockets, told what to do over their channels. They
 * are processes of their own so that their CPU and memory can be told from the servers'.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { cpuMicros } from './process-usage.ts';
import { Samples } from './samples.ts';
import type { SwarmOrder, SwarmReply } from './swarm-orders.ts';

/** Sockets of one generator: below the limit of 20,000 open files, and enough to need two. */
const SOCKETS_PER_PROCESS = 5_000;

export interface SwarmTotals {
  readonly lags: Samples;
  readonly latencies: Samples;
  readonly sent: number;
  readonly received: number;
  readonly closed: number;
}

export class Swarm {
  private readonly children: ChildProcess[] = [];

  /** Starts as many processes as this many sockets need. */
  static async start(
    sockets: number,
    order: Omit<Extract<SwarmOrder, { do: 'connect' }>, 'first' | 'count'>,
    first = 0,
  ): Promise<Swarm> {
    const swarm = new Swarm();
    for (let from = 0; from < sockets; from += SOCKETS_PER_PROCESS) {
      const child = fork(join(import.meta.dirname, 'swarm-process.ts'), {
        serialization: 'advanced',
      });
      swarm.children.push(child);
      const count = Math.min(SOCKETS_PER_PROCESS, sockets - from);
      // One after the other: connecting is not what is measured.
      await swarm.ask(child, { ...order, first: first + from, count });
    }
    return swarm;
  }

  cpu(): number {
    return this.children.reduce(
      (sum, { pid }) => sum + (pid === undefined ? 0 : cpuMicros(pid)),
      0,
    );
  }

  /** Gives every process the same order and adds up what they answer. */
  async all(order: SwarmOrder): Promise<SwarmTotals> {
    const replies = await Promise.all(this.children.map((child) => this.ask(child, order)));
    const lags = new Samples();
    const latencies = new Samples();
    let [sent, received, closed] = [0, 0, 0];
    for (const reply of replies) {
      lags.addAll(reply.lags);
      latencies.addAll(reply.latencies);
      sent += reply.sent;
      received += reply.received;
      closed += reply.closed;
    }
    return { lags, latencies, sent, received, closed };
  }

  stop(): void {
    for (const child of this.children) child.kill('SIGKILL');
  }

  private ask(child: ChildProcess, order: SwarmOrder): Promise<SwarmReply> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('a generator ended'));
      child.once('exit', onExit);
      child.once('message', (reply: SwarmReply) => {
        child.removeListener('exit', onExit);
        if (reply.error === null) resolve(reply);
        else reject(new Error(reply.error));
      });
      child.send(order);
    });
  }
}
