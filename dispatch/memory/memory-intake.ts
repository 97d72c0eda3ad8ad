/** The reading side of a shard in memory: looks straight into the arrays, buffers nothing. */
import type { Intake, MailboxEntry, PositionEntry } from '../runtime/ports.ts';
import { compareStreamIds } from '../runtime/stream-id.ts';
import type { MemoryShard } from './memory-store.ts';

export class MemoryIntake implements Intake {
  readonly failure = null;
  private readonly shard: MemoryShard;
  private cursor: string;
  private positionsAfter: string;
  private waiting: (() => void) | null = null;
  private readonly onArrival = (): void => this.wake();

  constructor(shard: MemoryShard, cursor: string, positionsAfter: string) {
    this.shard = shard;
    this.cursor = cursor;
    this.positionsAfter = positionsAfter;
    shard.waiters.add(this.onArrival);
  }

  get drained(): boolean {
    return this.lag === 0;
  }

  get lag(): number {
    return this.pending().length;
  }

  takeCommands(countMax: number): readonly MailboxEntry[] {
    const taken = this.pending().slice(0, countMax);
    this.cursor = taken.at(-1)?.id ?? this.cursor;
    return taken;
  }

  takePositions(countMax: number): readonly PositionEntry[] {
    const taken = this.pendingPositions().slice(0, countMax);
    this.positionsAfter = taken.at(-1)?.id ?? this.positionsAfter;
    return taken;
  }

  wait(timeoutMs: number): Promise<void> {
    if (this.lag > 0 || this.pendingPositions().length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), timeoutMs);
      this.waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  wake(): void {
    const { waiting } = this;
    this.waiting = null;
    waiting?.();
  }

  async close(): Promise<void> {
    this.shard.waiters.delete(this.onArrival);
    this.wake();
  }

  private pending(): MailboxEntry[] {
    return this.shard.mailbox.filter((entry) => compareStreamIds(entry.id, this.cursor) > 0);
  }

  private pendingPositions(): PositionEntry[] {
    return this.shard.positions.filter((e) => compareStreamIds(e.id, this.positionsAfter) > 0);
  }
}
