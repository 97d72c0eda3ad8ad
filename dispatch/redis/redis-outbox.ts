/**
 * Carries effects out on Redis, many in one round trip. What fails is counted, not retried: the zone
 * repeats what must arrive.
 */
import type { ChainableCommander, Redis } from 'ioredis';
import { PUSHES_MAX, PUSHES_TTL_MS, TRACK_LAST_TTL_MS } from '../runtime/limits.ts';
import type { OutboxPort, Outgoing } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';
import type { MailboxWriter } from './mailbox-writer.ts';
import type { Scripts } from './scripts.ts';
import type { ZoneCache } from './zone-cache.ts';

/** Commands of one round trip. */
const PIPELINE_MAX = 1_000;
/** The position of a delivery is kept for late comers this often; the channel has every one. */
const KEEP_POSITION_MS = 5_000;
/** Deliveries remembered for that; all are forgotten when there are more. */
const KEPT_MAX = 50_000;

export interface OutboxDeps {
  readonly client: Redis;
  readonly keys: Keys;
  readonly scripts: Scripts;
  readonly zones: ZoneCache;
  readonly mailbox: MailboxWriter;
  readonly nowMs: () => number;
}

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

async function carryPage(
  deps: OutboxDeps,
  keptMs: Map<string, number>,
  items: readonly Outgoing[],
): Promise<number> {
  const { client, keys } = deps;
  const pipeline = client.pipeline();
  const gateways = new Set<string>();
  const slow: Promise<boolean>[] = [];
  for (const item of items) {
    if (item.kind === 'push') {
      gateways.add(item.gateway);
      const key = keys.gateway(item.gateway);
      pipeline.xadd(key, 'MAXLEN', '~', PUSHES_MAX, '*', 'm', JSON.stringify(item.push));
    } else if (item.kind === 'track') addTrack(deps, keptMs, pipeline, item);
    else if (item.kind === 'directory' && item.zone !== null) {
      pipeline.hset(keys.drivers, item.driver, item.zone);
    } else slow.push(carrySlow(deps, item));
  }
  for (const gateway of gateways) pipeline.pexpire(keys.gateway(gateway), PUSHES_TTL_MS);
  const [replies, others] = await Promise.all([
    pipeline.length > 0 ? pipeline.exec() : null,
    Promise.all(slow),
  ]);
  const failedReplies = (replies ?? []).filter(([error]) => error !== null).length;
  return failedReplies + others.filter((done) => !done).length;
}

function addTrack(
  deps: OutboxDeps,
  keptMs: Map<string, number>,
  pipeline: ChainableCommander,
  item: Extract<Outgoing, { kind: 'track' }>,
): void {
  const { keys } = deps;
  const { delivery, message } = item;
  const text = JSON.stringify(message);
  pipeline.spublish(keys.track(delivery), text);
  const last = keys.trackLast(delivery);
  if (message.t === 'status') {
    pipeline.hset(last, 'status', text);
    pipeline.pexpire(last, TRACK_LAST_TTL_MS);
    return;
  }
  const nowMs = deps.nowMs();
  if (nowMs - (keptMs.get(delivery) ?? 0) < KEEP_POSITION_MS) return;
  if (keptMs.size >= KEPT_MAX) keptMs.clear();
  keptMs.set(delivery, nowMs);
  pipeline.hset(last, 'pos', text);
  pipeline.pexpire(last, TRACK_LAST_TTL_MS);
}

async function carrySlow(deps: OutboxDeps, item: Outgoing): Promise<boolean> {
  const { client, keys, scripts } = deps;
  try {
    if (item.kind === 'directory') {
      await scripts.run(client, 'directory-1', [keys.drivers], [item.driver, item.from]);
      return true;
    }
    if (item.kind !== 'send') return true;
    const entry = await deps.zones.find(item.zone);
    if (!entry) return false;
    const envelope = { zone: item.zone, command: item.command };
    const texts = [JSON.stringify(envelope)];
    const [outcome] = await deps.mailbox.append(client, entry.shard, [envelope], texts);
    return outcome === 'ok';
  } catch {
    // Counted by the caller; the zone sends it again.
    return false;
  }
}
