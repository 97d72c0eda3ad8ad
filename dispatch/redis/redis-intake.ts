/**
 * The reading side of one shard on Redis: one connection that blocks in XREAD and reads ahead into
 * bounded buffers. A failed read is repeated from the same place: reading has no effect on anybody.
 */
import type { Redis } from 'ioredis';
import type { Envelope } from '../../contracts/commands.ts';
import { INTAKE_COMMANDS_MAX, INTAKE_POSITIONS_MAX } from '../runtime/limits.ts';
import type { Intake, MailboxEntry, PositionEntry } from '../runtime/ports.ts';
import type { StreamEntry } from './stream-reply.ts';
import { fieldOf, readStreams } from './stream-reply.ts';

const READ_COUNT = 256;
const BLOCK_MS = 5_000;
const RETRY_MS = 50;

export interface IntakeSource {
  readonly client: Redis;
  readonly mailboxKey: string;
  readonly positionsKey: string;
}

export class RedisIntake implements Intake {
  failure: Error | null = null;
  private readonly source: IntakeSource;
  private cursor: string;
  private positionsAfter: string;
  private commands: MailboxEntry[] = [];
  private positions: PositionEntry[] = [];
  private caughtUp = false;
  private closed = false;
  private onChange: (() => void) | null = null;
  private onRoom: (() => void) | null = null;

  constructor(source: IntakeSource, cursor: string, positionsAfter: string) {
    this.source = source;
    this.cursor = cursor;
    this.positionsAfter = positionsAfter;
    void this.pump();
  }

  get drained(): boolean {
    return this.caughtUp && this.commands.length === 0;
  }

  get lag(): number {
    return this.commands.length;
  }

  takeCommands(countMax: number): readonly MailboxEntry[] {
    if (this.commands.length === 0) return this.commands;
    const taken = this.commands.splice(0, countMax);
    this.makeRoom();
    return taken;
  }

  takePositions(countMax: number): readonly PositionEntry[] {
    if (this.positions.length === 0) return [];
    const taken = this.positions.splice(0, countMax);
    this.makeRoom();
    return taken;
  }

  wait(timeoutMs: number): Promise<void> {
    if (this.commands.length > 0 || this.positions.length > 0 || this.closed) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), timeoutMs);
      this.onChange = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  wake(): void {
    const { onChange } = this;
    this.onChange = null;
    onChange?.();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.source.client.disconnect();
    this.makeRoom();
    this.wake();
  }

  private makeRoom(): void {
    const { onRoom } = this;
    this.onRoom = null;
    onRoom?.();
  }

  private async pump(): Promise<void> {
    while (!this.closed) {
      try {
        await this.readOnce();
      } catch (error) {
        if (this.closed) return;
        // A reply that cannot be read will not get better; a lost connection will.
        if (error instanceof TypeError) {
          this.failure = error;
          this.wake();
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private async readOnce(): Promise<void> {
    const wantsCommands = this.commands.length < INTAKE_COMMANDS_MAX;
    const wantsPositions = this.positions.length < INTAKE_POSITIONS_MAX;
    if (!wantsCommands && !wantsPositions) {
      await new Promise<void>((resolve) => {
        this.onRoom = resolve;
      });
      return;
    }
    const { client, mailboxKey, positionsKey } = this.source;
    const keys = [
      ...(wantsCommands ? [mailboxKey] : []),
      ...(wantsPositions ? [positionsKey] : []),
    ];
    const after = keys.map((key) => (key === mailboxKey ? this.cursor : this.positionsAfter));
    // The first look does not block, and so tells at once whether there is a backlog.
    const block = this.caughtUp && wantsCommands ? ['BLOCK', BLOCK_MS] : [];
    const reply = await client.callBuffer('XREAD', [
      ...['COUNT', READ_COUNT, ...block, 'STREAMS', ...keys, ...after],
    ]);
    const streams = readStreams(reply);
    const commands = streams.get(mailboxKey) ?? [];
    for (const entry of commands) this.commands.push(toMailboxEntry(entry));
    this.cursor = commands.at(-1)?.id ?? this.cursor;
    for (const entry of streams.get(positionsKey) ?? []) this.positions.push(toPosition(entry));
    this.positionsAfter = streams.get(positionsKey)?.at(-1)?.id ?? this.positionsAfter;
    if (wantsCommands) this.caughtUp = commands.length < READ_COUNT;
    if (this.commands.length > 0 || this.positions.length > 0) this.wake();
    // Without a block the loop would spin while commands are full and no position comes.
    if (!wantsCommands && streams.size === 0) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function toMailboxEntry(entry: StreamEntry): MailboxEntry {
  const zone = fieldOf(entry, 'z')?.toString() ?? '';
  try {
    const envelope = JSON.parse(fieldOf(entry, 'e')?.toString() ?? '') as Envelope;
    if (typeof envelope.command?.type !== 'string') throw new TypeError('no command in it');
    return { id: entry.id, zone, envelope };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { id: entry.id, zone, envelope: null, problem };
  }
}

function toPosition(entry: StreamEntry): PositionEntry {
  const batch = fieldOf(entry, 'b') ?? Buffer.alloc(0);
  return { id: entry.id, zone: fieldOf(entry, 'z')?.toString() ?? '', batch };
}
