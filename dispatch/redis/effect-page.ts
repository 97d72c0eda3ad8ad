/**
 * One round trip of effects: pushes and status messages pipelined, the few that need a script or
 * another shard's mailbox beside them. It never retries; it counts.
 */
import type { ChainableCommander, Redis } from 'ioredis';
import { PUSHES_MAX, PUSHES_TTL_MS, TRACK_LAST_TTL_MS } from '../runtime/limits.ts';
import type { Outgoing } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';
import type { MailboxWriter } from './mailbox-writer.ts';
import type { Scripts } from './scripts.ts';
import type { ZoneCache } from './zone-cache.ts';

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

/** Carries out one page of effects in order of kind; returns how many failed. */
export async function carryPage(
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
