/**
 * Gathers the appends of one tick per shard into one script call. Bounded: with too many under way an
 * append is answered `full` without asking Redis. Order per shard is the order of the calls.
 */
import type { Envelope } from '../../contracts/commands.ts';
import type { AppendOutcome } from '../runtime/ports.ts';

/** Commands of one call; more go out in a further one. */
const BATCH_MAX = 256;
/** Commands without an answer, all shards together. */
const WAITING_MAX = 20_000;

interface Waiting {
  readonly envelope: Envelope;
  readonly text: string;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export type SendBatch = (
  shard: number,
  envelopes: readonly Envelope[],
  texts: readonly string[],
) => Promise<readonly AppendOutcome[]>;

export class AppendBatcher {
  private readonly send: SendBatch;
  private readonly queues = new Map<number, Waiting[]>();
  private waiting = 0;
  private scheduled = false;

  constructor(send: SendBatch) {
    this.send = send;
  }

  /** Resolves with what became of it; rejects when the call failed. */
  append(shard: number, envelope: Envelope, text: string): Promise<AppendOutcome> {
    if (this.waiting >= WAITING_MAX) return Promise.resolve('full');
    this.waiting++;
    const answer = new Promise<AppendOutcome>((resolve, reject) => {
      const item: Waiting = { envelope, text, resolve, reject };
      const queue = this.queues.get(shard);
      if (queue) queue.push(item);
      else this.queues.set(shard, [item]);
    });
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.flush());
    }
    return answer;
  }

  private flush(): void {
    this.scheduled = false;
    for (const [shard, queue] of this.queues) {
      for (let from = 0; from < queue.length; from += BATCH_MAX) {
        void this.sendPage(shard, queue.slice(from, from + BATCH_MAX));
      }
    }
    this.queues.clear();
  }

  private async sendPage(shard: number, page: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.send(
        shard,
        page.map((item) => item.envelope),
        page.map((item) => item.text),
      );
      page.forEach((item, i) => {
        item.resolve(outcomes[i] ?? 'full');
      });
    } catch (error) {
      for (const item of page) item.reject(error);
    } finally {
      this.waiting -= page.length;
    }
  }
}
