/**
 * Follows the short stream of one gateway. The stream is capped, so a reader that is away too long
 * misses entries: it notices by counting (entries ever added against entries read) and says so.
 */
import type { Redis } from 'ioredis';
import type { GatewayPush } from '../../contracts/push.ts';
import { STREAM_START } from '../runtime/stream-id.ts';
import { fieldOf, readStreams } from './stream-reply.ts';

const READ_COUNT = 512;
const BLOCK_MS = 2_000;
const CHECK_EVERY_MS = 5_000;
const RETRY_MS = 100;

export interface PushHandlers {
  readonly onPushes: (pushes: readonly GatewayPush[]) => void;
  readonly onGap: () => void;
  readonly report: (problem: string, error: unknown) => void;
}

export class PushFollower {
  private readonly client: Redis;
  private readonly key: string;
  private readonly handlers: PushHandlers;
  private after = STREAM_START;
  /** How many entries of the stream's life lie before the next one we read. */
  private nextIndex = 0;
  private checkedMs = 0;
  private closed = false;

  constructor(client: Redis, key: string, handlers: PushHandlers) {
    this.client = client;
    this.key = key;
    this.handlers = handlers;
  }

  /** Goes to the stream's end and follows it from there. */
  async start(): Promise<void> {
    await this.goToEnd();
    void this.pump();
  }

  close(): void {
    this.closed = true;
    this.client.disconnect();
  }

  private async pump(): Promise<void> {
    while (!this.closed) {
      try {
        if (performance.now() - this.checkedMs > CHECK_EVERY_MS) await this.check();
        await this.readOnce();
      } catch (error) {
        if (this.closed) return;
        this.handlers.report(`pushes of ${this.key}`, error);
        this.checkedMs = 0;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private async readOnce(): Promise<void> {
    const reply = await this.client.callBuffer('XREAD', [
      ...['COUNT', READ_COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', this.key, this.after],
    ]);
    const entries = readStreams(reply).get(this.key) ?? [];
    const last = entries.at(-1);
    if (!last) return;
    this.after = last.id;
    this.nextIndex += entries.length;
    const pushes: GatewayPush[] = [];
    for (const entry of entries) {
      try {
        pushes.push(JSON.parse(fieldOf(entry, 'm')?.toString() ?? '') as GatewayPush);
      } catch (error) {
        this.handlers.report(`unreadable push ${entry.id} in ${this.key}`, error);
      }
    }
    this.handlers.onPushes(pushes);
  }

  private async check(): Promise<void> {
    this.checkedMs = performance.now();
    const { added, length } = await this.shape();
    const cut = added - length > this.nextIndex;
    // Fewer than we have read: the stream expired and began anew.
    if (!cut && added >= this.nextIndex) return;
    await this.goToEnd();
    this.handlers.onGap();
  }

  private async goToEnd(): Promise<void> {
    const { added, last } = await this.shape();
    this.nextIndex = added;
    this.after = last;
    this.checkedMs = performance.now();
  }

  private async shape(): Promise<{ added: number; length: number; last: string }> {
    try {
      const reply = await this.client.call('XINFO', ['STREAM', this.key]);
      const fields = Array.isArray(reply) ? reply : [];
      const field = (name: string): unknown => fields[fields.indexOf(name) + 1];
      return {
        added: Number(field('entries-added')),
        length: Number(field('length')),
        last: String(field('last-generated-id')),
      };
    } catch (error) {
      if (!(error instanceof Error) || !/no such key/i.test(error.message)) throw error;
      return { added: 0, length: 0, last: this.after };
    }
  }
}
