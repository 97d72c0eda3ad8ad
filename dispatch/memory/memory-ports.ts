/** The runtime's ports on a store in memory. Same rules as dispatch/redis; one suite tests both. */
import type { Envelope } from '../../contracts/commands.ts';
import type { LogPosition } from '../../contracts/push.ts';
import { MAILBOX_RESERVE_PART, POSITION_BATCHES_MAX } from '../runtime/limits.ts';
import type { LogRecord } from '../runtime/log-record.ts';
import { comparePositions, positionText } from '../runtime/log-record.ts';
import { waitsInOutbox } from '../runtime/mailbox-class.ts';
import type {
  AcquireOutcome,
  AppendOutcome,
  Clock,
  CommitAnswer,
  CommitOutcome,
  Fence,
  LeasePort,
  LogPort,
  MailboxPort,
  NodesPort,
  OutboxPort,
  Outgoing,
  PoisonPort,
  PositionPort,
  RuntimePorts,
  SnapshotMeta,
  SnapshotPort,
} from '../runtime/ports.ts';
import { compareStreamIds, nextStreamId } from '../runtime/stream-id.ts';
import { MemoryIntake } from './memory-intake.ts';
import type { MemoryStore } from './memory-store.ts';

/** All ports of one owner on a shared store. */
export function memoryPorts(store: MemoryStore, clock: Clock): RuntimePorts {
  return {
    clock,
    lease: memoryLease(store),
    mailbox: memoryMailbox(store),
    positions: memoryPositions(store),
    log: memoryLog(store),
    snapshots: memorySnapshots(store),
    outbox: memoryOutbox(store),
    poison: memoryPoison(store),
  };
}

function holds(store: MemoryStore, fence: Fence): boolean {
  const { lease } = store.shard(fence.shard);
  return lease !== null && lease.nonce === fence.nonce && lease.epoch === fence.epoch;
}

function memoryLease(store: MemoryStore): LeasePort {
  return {
    acquire: (shard, owner, nonce, ttlMs) =>
      store.perform('lease.acquire', (): AcquireOutcome => {
        const state = store.shard(shard);
        const nowMs = Math.floor(store.nowMs());
        const { lease } = state;
        if (lease && lease.expiresMs > nowMs) {
          return { kind: 'held', owner: lease.owner, expiresInMs: lease.expiresMs - nowMs };
        }
        const epoch = Math.max((lease?.epoch ?? 0) + 1, nowMs);
        const previous = lease && {
          owner: lease.owner,
          renewedMs: lease.renewedMs,
          released: lease.released,
        };
        const expiresMs = nowMs + ttlMs;
        state.lease = { owner, nonce, epoch, renewedMs: nowMs, expiresMs, released: false };
        const fence = { shard, nonce, epoch };
        return { kind: 'acquired', grant: { fence, last: state.last, previous } };
      }),
    renew: (fence, ttlMs) =>
      store.perform('lease.renew', () => {
        const { lease } = store.shard(fence.shard);
        if (!lease || !holds(store, fence)) return false;
        lease.renewedMs = Math.floor(store.nowMs());
        lease.expiresMs = lease.renewedMs + ttlMs;
        return true;
      }),
    release: (fence) =>
      store.perform('lease.release', () => {
        const { lease } = store.shard(fence.shard);
        if (!lease || !holds(store, fence)) return false;
        lease.renewedMs = Math.floor(store.nowMs());
        lease.expiresMs = 0;
        lease.released = true;
        lease.nonce = '';
        for (const listener of store.releaseListeners) listener(fence.shard);
        return true;
      }),
  };
}

/** The id a stream would give an entry that arrives now. */
function streamId(last: string, nowMs: number): string {
  const fresh = `${Math.floor(nowMs)}-0`;
  return compareStreamIds(fresh, last) > 0 ? fresh : nextStreamId(last);
}

function memoryMailbox(store: MemoryStore): MailboxPort {
  const appendOne = (shard: number, envelope: Envelope): AppendOutcome => {
    const state = store.shard(shard);
    const waits = waitsInOutbox(envelope.command);
    const reserve = waits ? 0 : Math.floor(store.mailboxMax / MAILBOX_RESERVE_PART);
    if (state.mailbox.length >= store.mailboxMax + reserve) return 'full';
    if (waits && state.logBytes >= store.logBytesMax) return 'full';
    state.lastMailboxId = streamId(state.lastMailboxId, store.nowMs());
    state.mailbox.push({
      id: state.lastMailboxId,
      zone: envelope.zone,
      envelope: structuredClone(envelope),
    });
    return 'ok';
  };
  return {
    append: (shard, envelopes) =>
      store.perform('mailbox.append', () => {
        const outcomes = envelopes.map((envelope) => appendOne(shard, envelope));
        for (const wake of store.shard(shard).waiters) wake();
        return outcomes;
      }),
    length: (shard) => store.perform('mailbox.length', () => store.shard(shard).mailbox.length),
    open: (shard, cursor, positionsAfter) =>
      store.perform('mailbox.open', () => {
        return new MemoryIntake(store.shard(shard), cursor, positionsAfter);
      }),
  };
}

function memoryPositions(store: MemoryStore): PositionPort {
  return {
    append: (shard, zone, batch) =>
      store.perform('positions.append', () => {
        const state = store.shard(shard);
        state.lastPositionId = streamId(state.lastPositionId, store.nowMs());
        state.positions.push({ id: state.lastPositionId, zone, batch: batch.slice() });
        if (state.positions.length > POSITION_BATCHES_MAX) state.positions.shift();
        for (const wake of state.waiters) wake();
      }),
    idAt: (hostMs) => `${Math.max(0, Math.floor(hostMs))}-0`,
  };
}

function memoryLog(store: MemoryStore): LogPort {
  const judge = (fence: Fence, record: LogRecord, bytes: number): CommitOutcome => {
    const state = store.shard(fence.shard);
    if (!holds(store, fence)) return 'lost_lease';
    if (state.last.seq !== record.seq - 1) return 'wrong_seq';
    if (state.logBytes + bytes > store.logBytesMax * 1.25) return 'log_full';
    return 'committed';
  };
  return {
    commit: (fence, record) =>
      store.perform('log.commit', (): CommitAnswer => {
        const state = store.shard(fence.shard);
        const text = JSON.stringify(record);
        const outcome = judge(fence, record, text.length);
        if (outcome === 'committed') {
          const position = { epoch: record.epoch, seq: record.seq };
          state.log.push({ position, text });
          state.last = position;
          state.logBytes += text.length;
          let taken = 0;
          for (const entry of state.mailbox) {
            if (compareStreamIds(entry.id, record.cursor) > 0) break;
            taken++;
          }
          state.mailbox.splice(0, taken);
        }
        return { outcome, logBytes: state.logBytes, mailboxLength: state.mailbox.length };
      }),
    read: (shard, after, countMax) =>
      store.perform('log.read', () => {
        const found: LogRecord[] = [];
        for (const stored of store.shard(shard).log) {
          if (found.length >= countMax) break;
          if (comparePositions(stored.position, after) > 0) {
            found.push(JSON.parse(stored.text) as LogRecord);
          }
        }
        return found;
      }),
    last: (shard) => store.perform('log.last', () => store.shard(shard).last),
    bytes: (shard) => store.perform('log.bytes', () => store.shard(shard).logBytes),
    setConsumer: (shard, name, position) =>
      store.perform('log.setConsumer', () => {
        store.shard(shard).consumers.set(name, position);
      }),
    consumers: (shard) =>
      store.perform('log.consumers', () => new Map(store.shard(shard).consumers)),
    trim: (fence, upTo, countMax) =>
      store.perform('log.trim', () => trimLog(store, fence, upTo, countMax)),
  };
}

function trimLog(store: MemoryStore, fence: Fence, upTo: LogPosition, countMax: number): number {
  if (!holds(store, fence)) return 0;
  const state = store.shard(fence.shard);
  let least = upTo;
  for (const position of state.consumers.values()) {
    if (comparePositions(position, least) < 0) least = position;
  }
  let count = 0;
  for (const stored of state.log) {
    if (count >= countMax || comparePositions(stored.position, least) > 0) break;
    state.logBytes -= stored.text.length;
    count++;
  }
  state.log.splice(0, count);
  return count;
}

function memorySnapshots(store: MemoryStore): SnapshotPort {
  const key = (position: LogPosition, index: number) => `${positionText(position)}:${index}`;
  return {
    writeChunk: (fence, position, index, chunk) =>
      store.perform('snapshot.chunk', () => {
        store.shard(fence.shard).chunks.set(key(position, index), chunk);
      }),
    flip: (fence, meta) =>
      store.perform('snapshot.flip', () => {
        const state = store.shard(fence.shard);
        if (!holds(store, fence)) return false;
        const dropped = state.generations.slice(1);
        state.generations = [structuredClone(meta), ...state.generations.slice(0, 1)];
        for (const old of dropped) {
          for (let i = 0; i < old.chunks; i++) state.chunks.delete(key(old.position, i));
        }
        return true;
      }),
    generations: (shard) =>
      store.perform('snapshot.generations', (): readonly SnapshotMeta[] => {
        return structuredClone(store.shard(shard).generations);
      }),
    readChunk: (shard, position, index) =>
      store.perform('snapshot.read', () => {
        return store.shard(shard).chunks.get(key(position, index)) ?? null;
      }),
  };
}

function memoryOutbox(store: MemoryStore): OutboxPort {
  const mailbox = memoryMailbox(store);
  const carry = async (item: Outgoing): Promise<boolean> => {
    store.onOutgoing?.(item);
    if (item.kind === 'directory') {
      if (item.zone !== null) store.drivers.set(item.driver, item.zone);
      else if (store.drivers.get(item.driver) === item.from) store.drivers.delete(item.driver);
    } else if (item.kind === 'send') {
      const entry = store.zones.get(item.zone);
      if (!entry) return false;
      const [outcome] = await mailbox.append(entry.shard, [
        { zone: item.zone, command: item.command },
      ]);
      return outcome === 'ok';
    } else if (item.kind === 'track' && item.message.t === 'status') {
      store.lastTrack.set(item.delivery, item.message);
    }
    return true;
  };
  return {
    async carryOut(items) {
      let failed = 0;
      await store.perform('outbox.carryOut', () => {});
      for (const item of items) if (!(await carry(item))) failed++;
      return failed;
    },
    publishCells: (pictures) =>
      store.perform('outbox.cells', () => {
        store.cells.splice(0, store.cells.length, ...pictures);
      }),
    cellListeners: (cells) => store.perform('outbox.listeners', () => cells.map(() => 1)),
    publishNode: (picture) =>
      store.perform('outbox.node', () => {
        store.nodePictures.set(picture.node, picture);
      }),
  };
}

function memoryPoison(store: MemoryStore): PoisonPort {
  return {
    count: (fence, entry) =>
      store.perform('poison.count', () => {
        const { poison } = store.shard(fence.shard);
        const count = (poison.get(entry) ?? 0) + 1;
        poison.set(entry, count);
        return count;
      }),
    clear: (fence) => store.perform('poison.clear', () => store.shard(fence.shard).poison.clear()),
  };
}

/** Membership on the same store. */
export function memoryNodes(store: MemoryStore): NodesPort {
  return {
    beat: async (node, draining) => {
      store.nodes.set(node, { draining, seenMs: store.nowMs() });
    },
    leave: async (node) => {
      store.nodes.delete(node);
    },
    live: async (maxAgeMs) =>
      [...store.nodes]
        .filter(([, beat]) => store.nowMs() - beat.seenMs <= maxAgeMs)
        .map(([node, beat]) => ({ node, ...beat })),
    onRelease: async (listener) => {
      store.releaseListeners.add(listener);
      return async () => {
        store.releaseListeners.delete(listener);
      };
    },
  };
}
