/**
 * Sharded pub/sub with one subscription per channel, however many listen. It owns the subscriber
 * connection's channels; a message that cannot be read is reported and dropped.
 */
import type { Redis } from 'ioredis';
import type { Unsubscribe } from './door.ts';

type Listener = (message: unknown, text: string) => void;

interface Channel {
  readonly listeners: Set<Listener>;
  readonly ready: Promise<unknown>;
}

export class ChannelHub {
  private readonly client: Redis;
  private readonly report: (problem: string, error: unknown) => void;
  private readonly channels = new Map<string, Channel>();

  constructor(client: Redis, report: (problem: string, error: unknown) => void) {
    this.client = client;
    this.report = report;
    client.on('smessage', (channel: string, text: string) => this.deliver(channel, text));
  }

  async watch(channel: string, listener: Listener): Promise<Unsubscribe> {
    let entry = this.channels.get(channel);
    if (!entry) {
      entry = { listeners: new Set(), ready: this.client.ssubscribe(channel) };
      this.channels.set(channel, entry);
    }
    entry.listeners.add(listener);
    try {
      await entry.ready;
    } catch (error) {
      this.channels.delete(channel);
      throw error;
    }
    return () => this.leave(channel, listener);
  }

  private async leave(channel: string, listener: Listener): Promise<void> {
    const entry = this.channels.get(channel);
    if (!entry?.listeners.delete(listener) || entry.listeners.size > 0) return;
    this.channels.delete(channel);
    await this.client.sunsubscribe(channel).catch((error: unknown) => {
      this.report(`unsubscribing from ${channel}`, error);
    });
  }

  private deliver(channel: string, text: string): void {
    const entry = this.channels.get(channel);
    if (!entry) return;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch (error) {
      this.report(`unreadable message on ${channel}`, error);
      return;
    }
    for (const listener of entry.listeners) listener(message, text);
  }
}
