/**
 * Finds the record of a round, and what must be known to decide it again: a state before it and every
 * record between. It reads a store that may be in use; it writes nothing and takes no lease.
 */
import type { ZoneId } from '../../contracts/ids.ts';
import type { LogPosition } from '../../contracts/push.ts';
import { LOG_START, type LogRecord } from '../runtime/log-record.ts';
import type { SnapshotMeta, SnapshotPort } from '../runtime/ports.ts';

/** Where log records and snapshots are kept: the engine's own store, or the archive. */
export interface AuditSource {
  readonly name: string;
  /** Newest first. */
  generations: SnapshotPort['generations'];
  readChunk: SnapshotPort['readChunk'];
  /** Records after a position, in order; empty: nothing more is kept. */
  read(shard: number, after: LogPosition): Promise<readonly LogRecord[]>;
}

/** A round that a source holds, with the newest state before it. */
export interface FoundRound {
  readonly kind: 'found';
  readonly source: AuditSource;
  /** Null: from the beginning of the log. */
  readonly base: SnapshotMeta | null;
  readonly record: LogRecord;
}

/** Why there is no round to decide again. Times are zone ms. */
export type NoRound =
  /** Nothing reaches back to that time; `fromMs`: the earliest that something does. */
  | { readonly kind: 'trimmed'; readonly fromMs: number | null }
  /** The log ends before that time; null: it is empty. */
  | { readonly kind: 'after_end'; readonly endMs: number | null }
  /** Nothing was decided between what is kept and that time. */
  | { readonly kind: 'no_round'; readonly fromMs: number };

/** The last round of a zone at or before a zone time, as one source knows it. */
export async function findRound(
  source: AuditSource,
  shard: number,
  zone: ZoneId,
  atMs: number,
): Promise<FoundRound | NoRound> {
  const generations = await source.generations(shard);
  const [first] = await source.read(shard, LOG_START);
  const isWhole = first?.seq === 1;
  const bases = [...generations, ...(isWhole ? [null] : [])];
  let fromMs: number | null = null;
  for (const base of bases) {
    const startMs: number = base?.atMs ?? 0;
    fromMs = startMs;
    if (startMs > atMs) continue;
    const { record, endMs, isPast } = await lastRound(source, shard, zone, base, atMs);
    // A record of that time may still come: what is decided at it is not known yet.
    if (!isPast && (endMs ?? startMs) < atMs) return { kind: 'after_end', endMs: endMs ?? startMs };
    if (record) return { kind: 'found', source, base, record };
  }
  if (bases.length === 0 && !first) return { kind: 'after_end', endMs: null };
  if (fromMs === null || fromMs > atMs) return { kind: 'trimmed', fromMs };
  return isWhole ? { kind: 'no_round', fromMs } : { kind: 'trimmed', fromMs };
}

interface Looked {
  readonly record: LogRecord | null;
  /** Time of the last record that was read; null: there was none. */
  readonly endMs: number | null;
  /** A record later than the time asked for was seen. */
  readonly isPast: boolean;
}

async function lastRound(
  source: AuditSource,
  shard: number,
  zone: ZoneId,
  base: SnapshotMeta | null,
  atMs: number,
): Promise<Looked> {
  let after = base?.position ?? LOG_START;
  let found: LogRecord | null = null;
  let endMs: number | null = null;
  for (;;) {
    const page = await source.read(shard, after);
    if (page.length === 0) return { record: found, endMs, isPast: false };
    for (const record of page) {
      if (record.atMs > atMs) return { record: found, endMs, isPast: true };
      if (roundOf(record, zone) >= 0) found = record;
      endMs = record.atMs;
      after = { epoch: record.epoch, seq: record.seq };
    }
  }
}

/** Index of the round's input in a record; -1: it has none of this zone. */
export function roundOf(record: LogRecord, zone: ZoneId): number {
  return record.inputs.findIndex((each) => each.zone === zone && each.input.kind === 'round');
}
