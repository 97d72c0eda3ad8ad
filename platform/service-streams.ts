/**
 * How services talk: what a service tells (`events:<service>`) and what it asks of others
 * (`requests:<service>`) leaves its outbox by the topic of the row, which is the name of the stream;
 * what it hears arrives in its own transaction, once. Owns connections, consumers and their figures.
 */
import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';
import type { Database, Transaction } from './database.ts';
import { createEventStream, type EventEntry, type EventStream } from './event-stream.ts';
import { purgeIdempotency } from './idempotency.ts';
import { purgeInbox, takeOnce } from './inbox.ts';
import { startRelay } from './outbox.ts';
import { type Pump, startPump } from './pump.ts';
import { connectRedis } from './redis.ts';
import type { ServiceContext } from './service-context.ts';
import { startStreamConsumer } from './stream-consumer.ts';

/** Something that runs until it is stopped. */
export interface Part {
  stop(): Promise<void>;
}

/**
 * Starts the relay that publishes every outbox row to the stream its topic names. `afterwards` sees
 * what was published, before it is forgotten: a throw, and it is published again.
 */
export function startPublishing(
  { config, log }: ServiceContext,
  database: Database,
  afterwards?: (topic: string, events: () => readonly unknown[]) => Promise<void>,
): Pump {
  const redis = connectRedis(config.redis.url, `${database.schema}-events`);
  const streams = new Map<string, EventStream>();
  const streamOf = (topic: string): EventStream => {
    const known = streams.get(topic);
    if (known !== undefined) return known;
    const key = `${config.redis.keyPrefix}${topic}`;
    const stream = createEventStream({ redis, key, entriesMax: config.streams.entriesMax });
    streams.set(topic, stream);
    return stream;
  };
  const relay = startRelay({
    database,
    async deliver(topic, entries) {
      await streamOf(topic).append(entries);
      await afterwards?.(topic, () =>
        entries.map((entry) => (JSON.parse(entry) as EventEntry).event),
      );
    },
    onError: (err, topic) => log.warn({ err, topic }, 'entries wait in the outbox'),
  });
  return {
    wake: () => relay.wake(),
    async stop() {
      await relay.stop();
      redis.disconnect();
    },
  };
}

export interface Following<T> {
  /** The service's own, with an inbox. */
  readonly database: Database;
  /** Name of the stream, without the installation's prefix. */
  readonly stream: string;
  /** The service's name; the inbox remembers under it. */
  readonly consumer: string;
  /**
   * What is new of a batch, in the order of the stream, in the transaction that also remembers it:
   * throws, and nothing has happened; it is asked again, at last entry by entry.
   */
  readonly handler: (trx: Transaction, entries: readonly EventEntry<T>[]) => Promise<void>;
  /** Called once a batch has committed. */
  readonly afterwards?: () => void;
  /** Entries that are of no interest never reach the database; absent: all are. */
  readonly wants?: (event: T) => boolean;
  /**
   * Of a busy stream: words that each entry of interest has in it as values. The others are not even
   * parsed, which is most of what they cost; `wants` has the last word.
   */
  readonly mentions?: readonly string[];
  /**
   * `false`: no inbox; the handler sees an entry again when its acknowledgement was lost, and must
   * take no harm (versions, facts that count once). Saves a row per entry.
   */
  readonly inbox?: false;
  /**
   * Nobody waits for what comes of it: a busy stream is read less often, and more of it at once,
   * which is cheaper. The first entry after a rest is still handled at once.
   */
  readonly patient?: true;
}

/** How much of a busy stream is handled at once, and how long it gathers meanwhile. */
const PROMPT = { batch: 200, gatherMs: [10, 50] } as const;
const PATIENT = { batch: 1_000, gatherMs: [10, 250] } as const;

/** Follows one stream from its beginning; entries that keep failing become dead letters. */
export function startFollowing<T>(context: ServiceContext, following: Following<T>): Part {
  const { config, log } = context;
  const { database, stream, consumer: group, handler } = following;
  const redis = connectRedis(config.redis.url, `${group}-reading`);
  const dead = deadLetters(context.metrics);
  const consumer = startStreamConsumer<T>({
    redis,
    stream: `${config.redis.keyPrefix}${stream}`,
    group,
    consumer: config.node.name,
    start: 'beginning',
    mentions: following.mentions?.map((word) => JSON.stringify(word)),
    ...(following.patient ? PATIENT : PROMPT),
    blockMs: 500,
    claimIdleMs: 30_000,
    deliveriesMax: 20,
    retryMs: [100, 10_000],
    deadLettersMax: 10_000,
    handler: async (entries) => {
      const { wants, inbox, afterwards } = following;
      const wanted = wants === undefined ? entries : entries.filter(({ event }) => wants(event));
      if (wanted.length === 0) return;
      if (inbox === false) await database.transaction((trx) => handler(trx, wanted));
      else await handleOnce(database, group, wanted, handler);
      afterwards?.();
    },
    onError: (err, id) => log.warn({ err, id, stream, group }, 'an entry could not be handled'),
    onDeadLetter: (id, err) => {
      dead.inc({ stream, group });
      log.error({ err, id, stream, group }, 'an entry is a dead letter now');
    },
  });
  return {
    async stop() {
      await consumer.stop();
      redis.disconnect();
    },
  };
}

/** Runs `handler` on what this consumer has not handled yet, in one transaction with its inbox. */
export async function handleOnce<T>(
  database: Database,
  consumer: string,
  entries: readonly EventEntry<T>[],
  handler: Following<T>['handler'],
): Promise<void> {
  await database.transaction(async (trx) => {
    const fresh = await takeOnce(
      trx,
      consumer,
      entries.map(({ id }) => id),
    );
    const seen = new Set<string>();
    const news = entries.filter(({ id }) => {
      const isNew = fresh.has(id) && !seen.has(id);
      seen.add(id);
      return isNew;
    });
    if (news.length > 0) await handler(trx, news);
  });
}

function deadLetters(metrics: Registry): Counter<'stream' | 'group'> {
  const name = 'waggle_dead_letters_total';
  const known = metrics.getSingleMetric(name) as Counter<'stream' | 'group'> | undefined;
  return (
    known ??
    new Counter({
      name,
      help: 'Entries of service streams that a consumer gave up on.',
      labelNames: ['stream', 'group'],
      registers: [metrics],
    })
  );
}

const PURGE_EVERY_MS = 600_000;

/** Forgets old ids of the inbox and, where the service has them, old idempotency keys. */
export function startPurging(
  { log }: ServiceContext,
  database: Database,
  has: { readonly inbox: boolean; readonly idempotency: boolean },
): Part {
  return startPump({
    work: async () => {
      if (has.inbox) await purgeInbox(database.knex);
      if (has.idempotency) await purgeIdempotency(database.knex);
      return false;
    },
    pollMs: PURGE_EVERY_MS,
    backOffMs: [1_000, PURGE_EVERY_MS],
    onError: (err) => log.warn({ err }, 'old keys could not be removed'),
  });
}
