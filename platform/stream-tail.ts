/**
 * Hears what is told on streams from now on: every process all of it, nothing kept. Good for
 * forgetting what is remembered sooner than its time; whatever must not be missed belongs to
 * `startFollowing`. While Redis is away it waits; what was told meanwhile is not heard, unless it is
 * asked to hear some of the past again.
 */
import type { EventEntry } from './event-stream.ts';
import { startPump } from './pump.ts';
import { connectRedis } from './redis.ts';
import type { ServiceContext } from './service-context.ts';
import type { Part } from './service-streams.ts';

const BLOCK_MS = 1_000;
const BATCH = 500;

export interface Tail {
  /** Names of the connection in Redis. */
  readonly name: string;
  /** Names of streams, without the installation's prefix. */
  readonly streams: readonly string[];
  readonly hear: (event: unknown) => void;
  /** Something may have been missed: from the start, and after Redis was away. */
  readonly onGap?: () => void;
  /** Wall ms of the past to hear again at each start, and after Redis was away; default: none. */
  readonly againMs?: number;
}

type Reply = [key: string, entries: [id: string, fields: string[]][]][] | null;

/** Starts hearing; stops within a second. */
export function startTail({ config, log }: ServiceContext, tail: Tail): Part {
  const redis = connectRedis(config.redis.url, `${tail.name}-tail`);
  const keys = tail.streams.map((stream) => `${config.redis.keyPrefix}${stream}`);
  const positions = new Map<string, string>();
  const begin = async (): Promise<void> => {
    for (const key of keys) {
      if (tail.againMs !== undefined) positions.set(key, `${Date.now() - tail.againMs}-0`);
      else {
        const [newest] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
        positions.set(key, newest?.[0] ?? '0-0');
      }
    }
    tail.onGap?.();
  };
  const read = async (): Promise<void> => {
    const ids = keys.map((key) => positions.get(key) ?? '$');
    const reply = (await redis.call(
      ...['XREAD', 'COUNT', String(BATCH), 'BLOCK', String(BLOCK_MS), 'STREAMS'],
      ...[...keys, ...ids],
    )) as Reply;
    for (const [key, entries] of reply ?? []) {
      for (const [id, fields] of entries) {
        positions.set(key, id);
        const event = eventOf(fields);
        if (event !== undefined) tail.hear(event);
      }
    }
  };
  const pump = startPump({
    work: async () => {
      if (positions.size === 0) await begin();
      await read();
      return true;
    },
    pollMs: BLOCK_MS,
    backOffMs: [100, 5_000],
    onError: (err) => {
      positions.clear();
      log.warn({ err, streams: tail.streams }, 'streams cannot be heard; trying again');
    },
  });
  return {
    async stop() {
      const stopping = pump.stop();
      redis.disconnect();
      await stopping;
    },
  };
}

/** What cannot be read is somebody else's to report. */
function eventOf([, text]: readonly string[]): unknown {
  try {
    return (JSON.parse(text ?? '') as EventEntry).event;
  } catch {
    return undefined;
  }
}
