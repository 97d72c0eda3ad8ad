/** A zone under test whose every step becomes a log record, and that log as a shadow runner sees it. */
import type { DriverDeed, ZoneCommand } from '../../contracts/commands.ts';
import type { ZoneEvent } from '../../contracts/events.ts';
import type { DriverId } from '../../contracts/ids.ts';
import { hash32 } from '../../contracts/ids.ts';
import type { ZoneShadow } from '../../contracts/shadow.ts';
import { DEFAULT_WEIGHTS, type Weights, type ZoneConfig } from '../../contracts/zone.ts';
import {
  copyShard,
  encodeCopy,
  LiveIndex,
  Shard,
  stepShard,
  type ZoneInput,
} from '../../dispatch/core/index.ts';
import type { Zone } from '../../dispatch/core/zone.ts';
import { LOG_RECORD_VERSION, type LogRecord } from '../../dispatch/runtime/log-record.ts';
import type { SnapshotMeta } from '../../dispatch/runtime/ports.ts';
import type { ShadowSources } from '../../dispatch/shadow/follower.ts';

const CLOCKS = { zoneAt: (ms: number) => ms, hostAt: (ms: number) => ms };
const EPOCH = 1;

/** A shadow with these weights; what is not given is as by default. */
export function shadowWith(
  weights: Partial<Weights>,
  policy: ZoneShadow['policy'] = {},
  version = 2,
): ZoneShadow {
  return { version, weights: { ...DEFAULT_WEIGHTS, ...weights, version }, policy, sinceMs: 0 };
}

export class RecordedZone {
  readonly shard = new Shard(0);
  readonly records: LogRecord[] = [];
  readonly config: ZoneConfig;
  index: LiveIndex;
  nowMs = 1_000_000;
  /** Sequence of the first record that is still in the log. */
  trimmedTo = 0;
  private snapshot: { meta: SnapshotMeta; chunks: string[] } | null = null;

  constructor(config: ZoneConfig) {
    this.config = config;
    this.command({ type: 'zone.open', config });
    this.index = new LiveIndex(this.shard, config.id, CLOCKS, this.nowMs);
  }

  get zone(): Zone {
    const zone = this.shard.zones.get(this.config.id);
    if (!zone) throw new Error('the zone is not open');
    return zone;
  }

  input(input: ZoneInput): readonly ZoneEvent[] {
    const { id } = this.config;
    const events = stepShard(this.shard, id, input, this.nowMs);
    this.records.push({
      v: LOG_RECORD_VERSION,
      epoch: EPOCH,
      seq: this.records.length + 1,
      atMs: this.nowMs,
      cursor: '0-0',
      inputs: [{ zone: id, input }],
      events: events.map((event) => ({ zone: id, event, i: 0 })),
      weights: {},
      flags: [],
    });
    this.index?.sync(events, this.nowMs);
    return events;
  }

  command(command: ZoneCommand): readonly ZoneEvent[] {
    return this.input({ kind: 'command', command });
  }

  act(driver: DriverId, deed: DriverDeed): readonly ZoneEvent[] {
    const action = (this.zone.driver(driver)?.lastAction ?? 0) + 1;
    const presence = { gateway: 'g1', session: 1 };
    return this.command({
      ...{ type: 'driver.acted', driver, action, deed, atMs: this.nowMs, presence },
    });
  }

  round(): readonly ZoneEvent[] {
    return this.input(this.index.shortlist(this.nowMs));
  }

  /** Takes a snapshot and forgets the records before it, as trimming would. */
  trim(): void {
    const chunks = [...encodeCopy(copyShard(this.shard))];
    const seq = this.records.length;
    const hash = chunks.reduce((sum, chunk) => (sum ^ hash32(chunk)) >>> 0, 0);
    const position = { epoch: EPOCH, seq };
    const meta = {
      v: 1,
      position,
      cursor: '0-0',
      atMs: this.nowMs,
      chunks: chunks.length,
    } as const;
    this.snapshot = { meta: { ...meta, size: 0, hash }, chunks };
    this.trimmedTo = seq;
  }

  sources(): ShadowSources {
    return {
      log: {
        read: async (_shard, after, countMax) =>
          this.records
            .slice(this.trimmedTo)
            .filter(({ seq }) => seq > after.seq)
            .slice(0, countMax),
        last: async () => ({ epoch: EPOCH, seq: this.records.length }),
      },
      snapshots: {
        generations: async () => (this.snapshot ? [this.snapshot.meta] : []),
        readChunk: async (_shard, _position, index) => this.snapshot?.chunks[index] ?? null,
      },
    };
  }
}
