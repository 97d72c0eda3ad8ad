/**
 * A typed consumer of one Redis Stream in one consumer group. Handles what it read in one go, in the
 * order of the stream; when that fails, one entry after the other. What fails alone is tried again
 * in place with back-off, so that nothing overtakes, and after `deliveriesMax` is a dead letter. At
 * least once: the handler dedupes (see inbox.ts). Every choice is made at the call site; there are
 * no defaults.
 */
import type { Redis } from 'ioredis';
import type { EventEntry } from './event-stream.ts';
import { startPump } from './pump.ts';

export interface StreamConsumerOptions<T> {
  /** A connection of its own: reading blocks it, and a stop while it waits ends it. */
  readonly redis: Redis;
  /** Full key, prefix included. */
  readonly stream: string;
  readonly group: string;
  /** Unique in the group; the same after a restart, so that it finds what it had begun. */
  readonly consumer: string;
  /** Where a group that does not exist yet starts: all that is there, or only what comes. */
  readonly start: 'beginning' | 'end';
  /** Entries whose text has none of these are acknowledged unread; absent: all are read. */
  readonly mentions?: readonly string[] | undefined;
  /** Entries read at once. */
  readonly batch: number;
  /**
   * Rest after a batch that was not full, host ms for each entry it had, and at most: what comes
   * meanwhile is handled together, which is cheaper than one by one. Quiet streams hardly rest.
   */
  readonly gatherMs: readonly [each: number, longest: number];
  /** Longest wait for new entries, host ms. */
  readonly blockMs: number;
  /** Entries of consumers that were silent this long are taken over, host ms. */
  readonly claimIdleMs: number;
  /** Tries of one entry, over all consumers, before it is a dead letter. */
  readonly deliveriesMax: number;
  readonly retryMs: readonly [first: number, longest: number];
  /** Dead letters kept; the oldest make room. */
  readonly deadLettersMax: number;
  /** Handles entries in their order, all or none of them. */
  readonly handler: (entries: readonly EventEntry<T>[]) => Promise<void>;
  readonly onError: (error: unknown, id?: string) => void;
  /** Told of each entry that is given up. */
  readonly onDeadLetter: (id: string, error: unknown) => void;
}

export interface StreamConsumer {
  stop(): Promise<void>;
}

type RawEntry = [id: string, fields: string[] | null];

/** Key of the dead letters of a group. */
export function deadLetterKey(stream: string, group: string): string {
  return `${stream}:dead:${group}`;
}

/** Starts consuming. */
export function startStreamConsumer<T>(options: StreamConsumerOptions<T>): StreamConsumer {
  const state = { started: false, waiting: false, nextClaimMs: 0 };
  const pump = startPump({
    work: async (signal) => {
      if (!state.started) {
        await createGroup(options);
        // What this consumer had begun before it was restarted comes first.
        await handleAll(options, await readGroup(options, '0'), signal);
        state.started = true;
      }
      if (Date.now() >= state.nextClaimMs) {
        await handleAll(options, await claimIdle(options), signal);
        state.nextClaimMs = Date.now() + options.claimIdleMs;
      }
      state.waiting = true;
      const entries = await readGroup(options, '>');
      state.waiting = false;
      await handleAll(options, entries, signal);
      if (entries.length > 0 && entries.length < options.batch) {
        const [each, longest] = options.gatherMs;
        await pause(Math.min(longest, each * entries.length), signal);
      }
      return true;
    },
    pollMs: 0,
    backOffMs: options.retryMs,
    onError: (error) => {
      // The stream may have gone with its group (an emptied Redis): begin anew.
      state.started = false;
      state.waiting = false;
      options.onError(error);
    },
  });
  const stop = (): Promise<void> => {
    const stopping = pump.stop();
    // What is on its way here all the same is found again at the next start, or taken over.
    if (state.waiting) options.redis.disconnect();
    return stopping;
  };
  return { stop };
}

async function createGroup<T>(options: StreamConsumerOptions<T>): Promise<void> {
  const start = options.start === 'beginning' ? '0' : '$';
  try {
    await options.redis.xgroup('CREATE', options.stream, options.group, start, 'MKSTREAM');
  } catch (error) {
    if (!String(error).includes('BUSYGROUP')) throw error;
  }
}

async function readGroup<T>(
  options: StreamConsumerOptions<T>,
  after: '0' | '>',
): Promise<RawEntry[]> {
  const { redis, group, consumer, batch, stream } = options;
  const answer =
    after === '0'
      ? await redis.xreadgroup('GROUP', group, consumer, 'COUNT', batch, 'STREAMS', stream, '0')
      : await redis.xreadgroup(
          'GROUP',
          group,
          consumer,
          'COUNT',
          batch,
          'BLOCK',
          options.blockMs,
          'STREAMS',
          stream,
          '>',
        );
  const [first] = (answer ?? []) as [string, RawEntry[]][];
  return first?.[1] ?? [];
}

async function claimIdle<T>(options: StreamConsumerOptions<T>): Promise<RawEntry[]> {
  const { redis, stream, group, consumer, claimIdleMs, batch } = options;
  const answer = await redis.xautoclaim(
    stream,
    group,
    consumer,
    claimIdleMs,
    '0-0',
    'COUNT',
    batch,
  );
  return (answer as [string, RawEntry[]])[1];
}

async function handleAll<T>(
  options: StreamConsumerOptions<T>,
  entries: readonly RawEntry[],
  signal: AbortSignal,
): Promise<void> {
  if (entries.length === 0) return;
  if (entries.length > 1 && (await handleTogether(options, entries))) return;
  for (const [id, fields] of entries) {
    if (signal.aborted) return;
    await handleOne(options, id, fields, signal);
  }
}

/** One transaction for many entries; false when one of them (or the store) was in the way. */
async function handleTogether<T>(
  options: StreamConsumerOptions<T>,
  entries: readonly RawEntry[],
): Promise<boolean> {
  try {
    const kept = entries.flatMap(([, fields]) => entryOf(options, fields) ?? []);
    if (kept.length > 0) await options.handler(kept);
  } catch (error) {
    options.onError(error);
    return false;
  }
  await options.redis.xack(options.stream, options.group, ...entries.map(([id]) => id));
  return true;
}

async function handleOne<T>(
  options: StreamConsumerOptions<T>,
  id: string,
  fields: string[] | null,
  signal: AbortSignal,
): Promise<void> {
  const { redis, stream, group, retryMs } = options;
  for (let tries = 0; ; tries++) {
    try {
      const entry = entryOf(options, fields);
      if (entry !== undefined) await options.handler([entry]);
      await redis.xack(stream, group, id);
      return;
    } catch (error) {
      options.onError(error, id);
      if (signal.aborted) return;
      if ((await deliveries(options, id)) >= options.deliveriesMax) {
        await bury(options, id, fields, error);
        return;
      }
      const [first, longest] = retryMs;
      await pause(Math.min(longest, first * 2 ** Math.min(tries, 20)), signal);
      if (signal.aborted) return;
      // Counts this try and keeps other consumers from taking the entry over.
      await redis.xclaim(stream, group, options.consumer, 0, id);
    }
  }
}

/** Nothing for what is not looked for, or was trimmed while it was pending. */
function entryOf<T>(
  { mentions }: StreamConsumerOptions<T>,
  fields: readonly string[] | null,
): EventEntry<T> | undefined {
  if (fields === null) return undefined;
  const at = fields.indexOf('e');
  const text = at < 0 ? undefined : fields[at + 1];
  if (text === undefined) throw new Error('the entry has no field e');
  if (mentions?.every((word) => !text.includes(word))) return undefined;
  return JSON.parse(text) as EventEntry<T>;
}

async function deliveries<T>(options: StreamConsumerOptions<T>, id: string): Promise<number> {
  const rows = (await options.redis.xpending(options.stream, options.group, id, id, 1)) as [
    string,
    string,
    number,
    number,
  ][];
  return rows[0]?.[3] ?? 0;
}

async function bury<T>(
  options: StreamConsumerOptions<T>,
  id: string,
  fields: string[] | null,
  error: unknown,
): Promise<void> {
  const text = fields?.[fields.indexOf('e') + 1] ?? '';
  const reason = String(error).slice(0, 500);
  await options.redis
    .multi()
    .xadd(
      deadLetterKey(options.stream, options.group),
      'MAXLEN',
      '~',
      options.deadLettersMax,
      '*',
      'e',
      text,
      'from',
      id,
      'error',
      reason,
    )
    .xack(options.stream, options.group, id)
    .exec();
  options.onDeadLetter(id, error);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

export interface DeadLetter {
  readonly id: string;
  /** Id of the entry it was. */
  readonly from: string;
  readonly error: string;
  readonly text: string;
}

/** Names of the groups of a stream; none when there is no stream yet. */
export async function listGroups(redis: Redis, stream: string): Promise<string[]> {
  if ((await redis.exists(stream)) === 0) return [];
  const groups = (await redis.xinfo('GROUPS', stream)) as unknown[][];
  return groups.map((fields) => String(fields[fields.indexOf('name') + 1])).sort();
}

/** The oldest dead letters of a group. */
export async function listDeadLetters(
  redis: Redis,
  stream: string,
  group: string,
  countMax: number,
): Promise<DeadLetter[]> {
  const key = deadLetterKey(stream, group);
  const entries = await redis.xrange(key, '-', '+', 'COUNT', countMax);
  return entries.map(([id, fields]) => {
    const value = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    return { id, from: value('from'), error: value('error'), text: value('e') };
  });
}

/**
 * Puts a dead letter back at the end of its stream; false when there is none of that id. All groups
 * of the stream see it again and dedupe by its event id, except the one that never handled it.
 */
export async function redriveDeadLetter(
  redis: Redis,
  stream: string,
  group: string,
  id: string,
): Promise<boolean> {
  const key = deadLetterKey(stream, group);
  const [entry] = await redis.xrange(key, id, id);
  if (entry === undefined) return false;
  const fields = entry[1];
  const text = fields[fields.indexOf('e') + 1] ?? '';
  await redis.multi().xadd(stream, '*', 'e', text).xdel(key, id).exec();
  return true;
}
