/**
 * Recovery: the newest readable snapshot, then every record after it. It applies events and decides
 * nothing. A recorded state hash that does not come out is a broken invariant, not a nuisance.
 */
import { hash32 } from '../../contracts/ids.ts';
import type { LogPosition } from '../../contracts/push.ts';
import type { Engine } from './engine.ts';
import { RESTORE_PAGE } from './limits.ts';
import type { LogRecord } from './log-record.ts';
import { LOG_START, positionText } from './log-record.ts';
import type { LogPort, SnapshotMeta, SnapshotPort } from './ports.ts';
import { STREAM_START } from './stream-id.ts';

export class RestoreError extends Error {
  override readonly name = 'RestoreError';
}

export interface Restored<S> {
  readonly shard: S;
  readonly position: LogPosition;
  readonly cursor: string;
  readonly atMs: number;
  /** Records applied on top of the snapshot. */
  readonly records: number;
  /** Generations that exist, newest first. */
  readonly generations: readonly SnapshotMeta[];
}

export interface RestoreDeps<S, C> {
  readonly engine: Engine<S, C>;
  readonly log: Pick<LogPort, 'read'>;
  readonly snapshots: Pick<SnapshotPort, 'generations' | 'readChunk'>;
  readonly report: (problem: string, error: unknown) => void;
  /** Called between slices of the work: renew the lease, or throw to give up. */
  readonly onProgress: () => void;
}

/** Rebuilds the state of a shard. Throws RestoreError when neither generation leads to it. */
export async function restoreShard<S, C>(
  deps: RestoreDeps<S, C>,
  shard: number,
): Promise<Restored<S>> {
  const generations = await deps.snapshots.generations(shard);
  for (const meta of generations) {
    try {
      const state = await loadSnapshot(deps, shard, meta);
      return await applyLog(deps, shard, { state, meta, generations });
    } catch (error) {
      deps.report(`snapshot ${positionText(meta.position)} of shard ${shard} is unusable`, error);
    }
  }
  if (generations.length > 0) {
    throw new RestoreError(`shard ${shard}: no snapshot generation leads to the log's end`);
  }
  return applyLog(deps, shard, { state: deps.engine.create(shard), meta: null, generations });
}

/** Reads a generation back. Throws RestoreError when a chunk is missing or was changed. */
export async function loadSnapshot<S, C>(
  deps: Pick<RestoreDeps<S, C>, 'engine' | 'onProgress'> & {
    readonly snapshots: Pick<SnapshotPort, 'readChunk'>;
  },
  shard: number,
  meta: SnapshotMeta,
): Promise<S> {
  const chunks: string[] = [];
  let hash = 0;
  for (let i = 0; i < meta.chunks; i++) {
    const chunk = await deps.snapshots.readChunk(shard, meta.position, i);
    if (chunk === null) throw new RestoreError(`chunk ${i} is missing`);
    deps.onProgress();
    hash = (hash ^ hash32(chunk)) >>> 0;
    chunks.push(chunk);
  }
  if (hash !== meta.hash) throw new RestoreError('the chunks do not have the recorded hash');
  return deps.engine.decode(chunks);
}

async function applyLog<S, C>(
  deps: RestoreDeps<S, C>,
  shard: number,
  from: { state: S; meta: SnapshotMeta | null; generations: readonly SnapshotMeta[] },
): Promise<Restored<S>> {
  let position = from.meta?.position ?? LOG_START;
  let cursor = from.meta?.cursor ?? STREAM_START;
  let atMs = from.meta?.atMs ?? 0;
  let records = 0;
  for (;;) {
    const page = await deps.log.read(shard, position, RESTORE_PAGE);
    deps.onProgress();
    for (const record of page) {
      if (record.seq !== position.seq + 1) {
        throw new RestoreError(`record ${record.seq} does not follow ${position.seq}`);
      }
      applyRecord(deps.engine, from.state, record);
      position = { epoch: record.epoch, seq: record.seq };
      ({ cursor, atMs } = record);
      records++;
    }
    if (page.length < RESTORE_PAGE) break;
  }
  return { shard: from.state, position, cursor, atMs, records, generations: from.generations };
}

/** Applies one record's events. Throws RestoreError when the same core comes to another hash. */
export function applyRecord<S, C>(engine: Engine<S, C>, state: S, record: LogRecord): void {
  for (const { zone, event } of record.events) engine.apply(state, zone, event, record.atMs);
  if (record.hash === undefined || record.engine !== engine.version) return;
  const hash = engine.hash(state);
  if (hash !== record.hash) {
    throw new RestoreError(`state hash after record ${record.seq}: ${hash}, not ${record.hash}`);
  }
}
