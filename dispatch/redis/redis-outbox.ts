/**
 * Carries effects out on Redis, many in one round trip. What fails is counted, not retried: the zone
 * repeats what must arrive.
 */
import type { OutboxPort } from '../runtime/ports.ts';
import { carryPage, type OutboxDeps } from './effect-page.ts';

/** Commands of one round trip. */
const PIPELINE_MAX = 1_000;

export function redisOutbox(deps: OutboxDeps): OutboxPort {
  const { client, keys } = deps;
  const keptMs = new Map<string, number>();
  return {
    async carryOut(items) {
      let failed = 0;
      for (let from = 0; from < items.length; from += PIPELINE_MAX) {
        failed += await carryPage(deps, keptMs, items.slice(from, from + PIPELINE_MAX));
      }
      return failed;
    },
    async publishCells(pictures) {
      const pipeline = client.pipeline();
      for (const picture of pictures) {
        pipeline.spublish(keys.cell(picture.cell), JSON.stringify(picture));
      }
      await pipeline.exec();
    },
    async cellListeners(cells) {
      if (cells.length === 0) return [];
      const channels = cells.map((cell) => keys.cell(cell));
      const reply = await client.call('PUBSUB', ['SHARDNUMSUB', ...channels]);
      if (!Array.isArray(reply)) return cells.map(() => 1);
      return cells.map((_, i) => Number(reply[2 * i + 1] ?? 0));
    },
    async publishNode(picture) {
      const text = JSON.stringify(picture);
      await client
        .pipeline()
        .hset(keys.nodePictures, picture.node, text)
        .spublish(keys.nodesChannel, text)
        .exec();
    },
  };
}
