/**
 * What one turn is about to commit: inputs in order, and the events that stepping each gave. A step
 * that throws is wrapped with what was being stepped, because that decides what happens next.
 */
import type { ZoneId } from '../../contracts/ids.ts';
import type { ZoneInput } from '../core/input.ts';
import type { Engine } from './engine.ts';
import type { RecordedEvent, RecordedInput } from './log-record.ts';

export class StepError extends Error {
  override readonly name = 'StepError';
  readonly zone: ZoneId;
  readonly input: ZoneInput;
  /** Mailbox entry; undefined for the runtime's own inputs. */
  readonly entry: string | undefined;

  constructor(zone: ZoneId, input: ZoneInput, entry: string | undefined, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${input.kind} in ${zone}: ${reason}`, { cause });
    this.zone = zone;
    this.input = input;
    this.entry = entry;
  }
}

export class Draft<S, C> {
  readonly inputs: RecordedInput[] = [];
  readonly events: RecordedEvent[] = [];
  readonly weights: Record<ZoneId, number> = {};
  cursor: string;
  /** Commands taken from the mailbox. */
  commands = 0;
  private readonly engine: Engine<S, C>;
  private readonly shard: S;
  private readonly atMs: number;

  constructor(engine: Engine<S, C>, shard: S, from: { cursor: string; atMs: number }) {
    this.engine = engine;
    this.shard = shard;
    this.cursor = from.cursor;
    this.atMs = from.atMs;
  }

  /** Steps a command of the mailbox. It is recorded even without events: the cursor moves. */
  stepEntry(
    entry: { readonly id: string; readonly correlation?: string },
    zone: ZoneId,
    input: ZoneInput,
  ): void {
    const recorded: RecordedInput = { zone, input, entry: entry.id };
    const { correlation } = entry;
    this.run(correlation === undefined ? recorded : { ...recorded, correlation }, true);
    this.cursor = entry.id;
    this.commands++;
  }

  /** Moves past an entry that not even a quarantine can be recorded for. */
  skipEntry(id: string): void {
    this.cursor = id;
    this.commands++;
  }

  /** Steps an input of the runtime itself; without events it leaves no trace. */
  stepOwn(zone: ZoneId, input: ZoneInput): void {
    if (input.kind === 'round') {
      this.weights[zone] = this.engine.weightsVersion(this.shard, zone);
    }
    this.run({ zone, input }, false);
  }

  private run(recorded: RecordedInput, keepEmpty: boolean): void {
    const { zone, input } = recorded;
    let events: readonly RecordedEvent['event'][];
    try {
      events = this.engine.step(this.shard, zone, input, this.atMs);
    } catch (error) {
      throw new StepError(zone, input, recorded.entry, error);
    }
    if (events.length === 0 && !keepEmpty) return;
    const i = this.inputs.length;
    this.inputs.push(recorded);
    for (const event of events) this.events.push({ zone, event, i });
  }
}
