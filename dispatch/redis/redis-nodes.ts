/** Heartbeats of dispatch nodes on Redis: a hint for placing shards, never an authority. */
import type { Redis } from 'ioredis';
import type { Clock, NodeBeat, NodesPort } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';

/** Beats older than this are removed by whoever reads them. */
const FORGET_MS = 60_000;

export function redisNodes(deps: {
  readonly client: Redis;
  readonly subscriber: Redis;
  readonly keys: Keys;
  readonly clock: Clock;
}): NodesPort {
  const { client, subscriber, keys, clock } = deps;
  return {
    async beat(node, draining) {
      const beat: NodeBeat = { node, draining, seenMs: Math.round(clock.hostMs()) };
      await client.hset(keys.nodeBeats, node, JSON.stringify(beat));
    },
    async leave(node) {
      await client.hdel(keys.nodeBeats, node);
      await client.hdel(keys.nodePictures, node);
    },
    async live(maxAgeMs) {
      const nowMs = clock.hostMs();
      const texts = await client.hvals(keys.nodeBeats);
      const beats = texts.map((text) => JSON.parse(text) as NodeBeat);
      const gone = beats.filter((beat) => nowMs - beat.seenMs > FORGET_MS);
      if (gone.length > 0) {
        const names = gone.map((beat) => beat.node);
        await client.hdel(keys.nodeBeats, ...names);
        await client.hdel(keys.nodePictures, ...names);
      }
      return beats.filter((beat) => nowMs - beat.seenMs <= maxAgeMs);
    },
    async onRelease(listener) {
      const onMessage = (channel: string, message: string): void => {
        if (channel === keys.released) listener(Number(message));
      };
      subscriber.on('message', onMessage);
      await subscriber.subscribe(keys.released);
      return async () => {
        subscriber.off('message', onMessage);
        await subscriber.unsubscribe(keys.released);
      };
    },
  };
}
