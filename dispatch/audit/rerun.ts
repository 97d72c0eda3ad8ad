/**
 * Decides a recorded round again: rebuilds the state before it, runs the recorded inputs through this
 * engine, and compares what comes out with what was committed. A difference is told with what may
 * explain it: another engine, other weights, other behaviour flags.
 */
import type { ZoneEvent } from '../../contracts/events.ts';
import type { ZoneId } from '../../contracts/ids.ts';
import type { Engine } from '../runtime/engine.ts';
import type { LogRecord } from '../runtime/log-record.ts';
import { LOG_START } from '../runtime/log-record.ts';
import { applyRecord, loadSnapshot, RestoreError } from '../runtime/restore.ts';
import { type FoundRound, roundOf } from './find-round.ts';

/** One thing that was committed and is decided otherwise now. */
export interface Difference {
  /** `event 3 of the round`, `the state before`, … */
  readonly what: string;
  readonly recorded: unknown;
  readonly decided: unknown;
}

export interface Rerun {
  readonly source: string;
  readonly record: LogRecord;
  /** Events of the round as committed, and as decided now. */
  readonly recorded: readonly ZoneEvent[];
  readonly decided: readonly ZoneEvent[];
  readonly differences: readonly Difference[];
  /** Versions when it was decided (null: not recorded) and here. */
  readonly engine: { readonly recorded: string | null; readonly here: string };
  readonly weights: { readonly recorded: number | null; readonly here: number };
  readonly flags: { readonly recorded: readonly number[]; readonly here: readonly number[] };
}

/** Runs a found round again. Throws RestoreError when the state before it cannot be rebuilt. */
export async function rerunRound<S, C>(
  engine: Engine<S, C>,
  found: FoundRound,
  shard: number,
  zone: ZoneId,
): Promise<Rerun> {
  const { source, record } = found;
  const differences: Difference[] = [];
  const state = await stateBefore(engine, found, shard, differences);
  const at = roundOf(record, zone);
  runInputs(engine, state, record, [0, at], differences);
  const here = engine.weightsVersion(state, zone);
  const round = runInputs(engine, state, record, [at, at + 1], differences);
  runInputs(engine, state, record, [at + 1, record.inputs.length], differences);
  compareHash(engine, state, record, differences);
  return {
    source: source.name,
    record,
    recorded: eventsOf(record, at),
    decided: round,
    differences,
    engine: { recorded: record.engine ?? null, here: engine.version },
    weights: { recorded: record.weights[zone] ?? null, here },
    flags: { recorded: record.flags, here: [] },
  };
}

async function stateBefore<S, C>(
  engine: Engine<S, C>,
  { source, base, record }: FoundRound,
  shard: number,
  differences: Difference[],
): Promise<S> {
  const deps = { engine, snapshots: source, onProgress: () => {} };
  const state = base ? await loadSnapshot(deps, shard, base) : engine.create(shard);
  let position = base?.position ?? LOG_START;
  while (position.seq < record.seq - 1) {
    const page = await source.read(shard, position);
    if (page.length === 0) throw new RestoreError(`record ${position.seq + 1} is missing`);
    for (const each of page) {
      if (each.seq !== position.seq + 1) {
        throw new RestoreError(`record ${each.seq} does not follow ${position.seq}`);
      }
      if (each.seq === record.seq) break;
      applyOne(engine, state, each, differences);
      position = { epoch: each.epoch, seq: each.seq };
    }
  }
  return state;
}

/** A hash that does not come out tells of a changed record before; the audit goes on all the same. */
function applyOne<S, C>(
  engine: Engine<S, C>,
  state: S,
  record: LogRecord,
  differences: Difference[],
): void {
  const { hash: _, ...rest } = record;
  applyRecord(engine, state, rest);
  if (differences.length > 0) return;
  compareHash(engine, state, record, differences);
}

function compareHash<S, C>(
  engine: Engine<S, C>,
  state: S,
  { hash, engine: by, seq }: LogRecord,
  differences: Difference[],
): void {
  if (hash === undefined || by !== engine.version) return;
  const decided = engine.hash(state);
  if (decided === hash) return;
  differences.push({ what: `the state after record ${seq} (hash)`, recorded: hash, decided });
}

/** Steps some inputs of a record and compares their events. Returns those of the last one. */
function runInputs<S, C>(
  engine: Engine<S, C>,
  state: S,
  record: LogRecord,
  [from, to]: readonly [number, number],
  differences: Difference[],
): readonly ZoneEvent[] {
  let decided: readonly ZoneEvent[] = [];
  for (let index = from; index < to; index++) {
    const { zone, input } = record.inputs[index] as LogRecord['inputs'][number];
    try {
      decided = engine.step(state, zone, input, record.atMs);
    } catch (error) {
      const what = `input ${index + 1} (${input.kind}) cannot be decided here`;
      differences.push({ what, recorded: null, decided: String(error) });
      return [];
    }
    const recorded = eventsOf(record, index);
    const count = Math.max(recorded.length, decided.length);
    for (let n = 0; n < count; n++) {
      const [then, now] = [recorded[n], decided[n]];
      if (JSON.stringify(then) === JSON.stringify(now)) continue;
      const what = `event ${n + 1} of input ${index + 1} (${input.kind})`;
      differences.push({ what, recorded: then ?? null, decided: now ?? null });
    }
  }
  return decided;
}

function eventsOf(record: LogRecord, index: number): ZoneEvent[] {
  return record.events.filter(({ i }) => i === index).map(({ event }) => event);
}
