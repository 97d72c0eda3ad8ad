/**
 * What was given up on, for ops: inputs that the engine quarantined, as the log tells, and events
 * that consumers buried. Lists them and sends them again. Decides nothing about their content;
 * whoever receives it again dedupes as always.
 */
import type { Redis } from 'ioredis';
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import {
  type DeadLetterList,
  type DeadLetterRedrive,
  type DeadLettersQuery,
  type QuarantinedList,
  type QuarantinedQuery,
  type QuarantinedRedrive,
  SHORT_STREAMS,
} from '../../contracts/api/set-aside.ts';
import type { OpsAccepted } from '../../contracts/api/zones.ts';
import type { Envelope } from '../../contracts/commands.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import { SERVICE_STREAMS } from '../../contracts/messages/streams.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database, Queryable } from '../../platform/database.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import { type Call, requireUser } from '../../platform/service.ts';
import { listDeadLetters, listGroups, redriveDeadLetter } from '../../platform/stream-consumer.ts';
import { timeText } from '../../platform/times.ts';

type StreamName = DeadLetterRedrive['stream'];
const SHORT_NAMES = new Map<string, StreamName>(
  Object.entries(SHORT_STREAMS).map(([name, stream]) => [stream, name as StreamName]),
);

/** The stream behind a name of the API. */
function streamOf(name: StreamName): string {
  return name in SHORT_STREAMS ? SHORT_STREAMS[name as keyof typeof SHORT_STREAMS] : name;
}

export interface SetAsideDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  /** Null while the service starts. */
  readonly redis: () => Redis | undefined;
  readonly keyPrefix: string;
}

interface QuarantinedRow {
  readonly id: string;
  readonly zone: string;
  readonly reason: string;
  readonly at_ms: number;
  readonly data: { readonly entry: string; readonly envelope?: Envelope };
  readonly redriven: number;
}

export async function listQuarantined(
  { database }: SetAsideDeps,
  params: QuarantinedQuery,
): Promise<QuarantinedList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const rows = await quarantined(database.knex, {
    zone: params.zone,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
    limit: limit + 1,
  });
  const page = pageOf(rows, limit);
  return {
    items: page.rows.map(({ id, zone, reason, at_ms, data, redriven }) => ({
      ...{ id, zone, entry: data.entry, error: reason, redriven },
      at: timeText(at_ms),
      command: data.envelope === undefined ? null : { ...data.envelope.command },
    })),
    next: page.next,
  };
}

/** The newest first; `id` asks for one. */
async function quarantined(
  db: Queryable,
  filter: {
    readonly id?: string;
    readonly zone?: string | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
  },
): Promise<QuarantinedRow[]> {
  const query = db('audit')
    .select('request AS id', 'zone', 'reason', 'at_ms', 'data')
    .select(
      db.raw('(SELECT count(*)::int FROM redrives r WHERE r.subject = audit.request) AS redriven'),
    )
    .where({ verb: 'input.quarantined' })
    .orderBy('request', 'desc')
    .limit(filter.limit);
  if (filter.id !== undefined) query.where({ request: filter.id });
  if (filter.zone !== undefined) query.where({ zone: filter.zone });
  if (filter.before !== undefined) query.where('request', '<', filter.before);
  return query as unknown as Promise<QuarantinedRow[]>;
}

export async function redriveQuarantined(
  deps: SetAsideDeps,
  params: QuarantinedRedrive,
  call: Call,
): Promise<OpsAccepted> {
  const [row] = await quarantined(deps.database.knex, { id: params.id, limit: 1 });
  if (row === undefined) throw new WaggleError('resource.not_found');
  const { envelope, entry } = row.data;
  if (envelope === undefined) {
    throw new WaggleError('resource.conflict', 'the input could not be read: nothing to send');
  }
  const door = await deps.door();
  const fact = { verb: 'redrive.quarantined', zone: row.zone, subject: row.id, data: { entry } };
  return noted(deps, { ...fact, reason: params.reason }, call, async (request) => {
    const outcome = await door.append({ ...envelope, correlation: request });
    if (outcome === 'full') throw new WaggleError('shard.overloaded');
  });
}

export async function deadLetters(
  deps: SetAsideDeps,
  { limit = PAGE_LIMIT_DEFAULT }: DeadLettersQuery,
): Promise<DeadLetterList> {
  const redis = redisOf(deps);
  const items: DeadLetterList['items'] = [];
  for (const name of SERVICE_STREAMS) {
    const stream = SHORT_NAMES.get(name) ?? name;
    const key = deps.keyPrefix + name;
    for (const group of await listGroups(redis, key)) {
      const letters = await listDeadLetters(redis, key, group, limit);
      items.push(...letters.map(({ text, ...rest }) => ({ stream, group, ...rest, event: text })));
    }
  }
  return { items };
}

export async function redriveDead(
  deps: SetAsideDeps,
  { stream, group, id, reason }: DeadLetterRedrive,
  call: Call,
): Promise<OpsAccepted> {
  const redis = redisOf(deps);
  const data = { stream, group };
  const fact = { verb: 'redrive.dead_letter', zone: '', subject: id, data, reason };
  return noted(deps, fact, call, async () => {
    const found = await redriveDeadLetter(redis, deps.keyPrefix + streamOf(stream), group, id);
    if (!found) throw new WaggleError('resource.not_found');
  });
}

interface Fact {
  readonly verb: string;
  readonly zone: string;
  readonly subject: string;
  readonly reason: string;
  readonly data: object;
}

/**
 * Writes who and why, and keeps it only if the work succeeded. The work may be done although the
 * commit fails: to send again what was sent again is harmless.
 */
async function noted(
  deps: SetAsideDeps,
  fact: Fact,
  call: Call,
  work: (request: string) => Promise<void>,
): Promise<OpsAccepted> {
  const request = newId('control');
  const actor = requireUser(call).sub;
  const at_ms = Math.round((await deps.door()).clock.zoneMs());
  await deps.database.transaction(async (trx) => {
    const data = JSON.stringify(fact.data);
    await trx('redrives').insert({ ...fact, request, actor, at_ms, data });
    await work(request);
  });
  return { request };
}

function redisOf(deps: SetAsideDeps): Redis {
  const redis = deps.redis();
  if (redis === undefined) throw new WaggleError('service.unavailable');
  return redis;
}
