/**
 * `waggle audit --zone ZONE --at TIME [--json]`: decides a recorded round again and says whether the
 * answer is the recorded one. It looks into the engine's own store first, then into the archive. It
 * only reads: no lease, no script, no write.
 *
 * Exit codes: 0 the same answer; 1 another answer from the same engine, weights and flags; 2 a wrong
 * command line or configuration, an unknown zone, or a store that does not answer; 3 there is no such
 * round any more, or not yet; 4 another answer, but engine, weights or flags are others as well.
 */
import { parseArgs } from 'node:util';
import { ConfigError, loadStoresConfig, type StoresConfig } from '../../config/index.ts';
import { isId } from '../../contracts/ids.ts';
import type { ZoneEntry } from '../../contracts/zone.ts';
import {
  type AuditSource,
  type FoundRound,
  findRound,
  type NoRound,
} from '../../dispatch/audit/find-round.ts';
import { auditJson, auditText, timeOf, verdictOf } from '../../dispatch/audit/report.ts';
import { rerunRound } from '../../dispatch/audit/rerun.ts';
import { openLogReader } from '../../dispatch/redis/log-reader.ts';
import { coreEngine } from '../../dispatch/runtime/core-engine.ts';
import { RestoreError } from '../../dispatch/runtime/restore.ts';
import { openDatabase } from '../../platform/database.ts';
import { archiveReader } from './archiver.ts';

export const AUDIT_EXIT = { same: 0, differs: 1, usage: 2, noRound: 3, notComparable: 4 } as const;

const USAGE = 'usage: waggle audit --zone ZONE --at TIME [--json]';
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** A failure that is told in one line, with the exit code it ends with. */
class AuditError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = AUDIT_EXIT.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}

interface Asked {
  readonly zone: string;
  /** Zone ms. */
  readonly atMs: number;
  readonly json: boolean;
}

function readOptions(argv: readonly string[]): Asked {
  let values: { zone?: string; at?: string; json?: boolean };
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: { zone: { type: 'string' }, at: { type: 'string' }, json: { type: 'boolean' } },
    }));
  } catch (error) {
    throw new AuditError(`${error instanceof Error ? error.message : error}; ${USAGE}`);
  }
  const { zone, at, json = false } = values;
  if (zone === undefined || at === undefined) throw new AuditError(USAGE);
  if (!isId('zone', zone)) throw new AuditError(`--zone ${zone}: expected the id of a zone, zon_…`);
  const atMs = /^\d{1,15}$/.test(at) ? Number(at) : ISO_TIME.test(at) ? Date.parse(at) : Number.NaN;
  if (!Number.isSafeInteger(atMs)) {
    const expected = 'zone time, as 2026-11-21T18:30:05.120Z or in milliseconds';
    throw new AuditError(`--at ${at}: expected ${expected}`);
  }
  return { zone, atMs, json };
}

/** Runs one audit. `print` gets everything that is to be read. */
export async function audit(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (text: string) => void,
): Promise<number> {
  try {
    const asked = readOptions(argv);
    return await withStores(loadStoresConfig(env), (stores) => auditRound(asked, stores, print));
  } catch (error) {
    const known = error instanceof AuditError || error instanceof ConfigError;
    print(`audit: ${known ? error.message : reasonOf(error)}`);
    return error instanceof AuditError ? error.exitCode : AUDIT_EXIT.usage;
  }
}

interface Stores {
  readonly sources: readonly AuditSource[];
  zone(id: string): Promise<ZoneEntry | null>;
}

async function withStores<T>(
  config: StoresConfig,
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const reader = await openLogReader({
    redisUrl: config.redis.url,
    keyPrefix: config.redis.keyPrefix,
  }).catch((error: unknown) => {
    throw new AuditError(`Redis at REDIS_URL does not answer (${reasonOf(error)})`);
  });
  const archive = config.archive && openDatabase('archive', config.archive);
  try {
    const kept = archive ? [{ name: 'the archive', ...archiveReader(archive) }] : [];
    const { generations, readChunk, read } = reader;
    const live = { name: 'redis', generations, readChunk, read };
    return await work({ sources: [live, ...kept], zone: reader.zone });
  } finally {
    reader.close();
    await archive?.close();
  }
}

async function auditRound(
  { zone, atMs, json }: Asked,
  stores: Stores,
  print: (text: string) => void,
): Promise<number> {
  const entry = await stores.zone(zone);
  if (!entry) throw new AuditError(`there is no zone ${zone} in the directory of this Redis`);
  const { shard } = entry;
  const found = await findIn(stores.sources, shard, zone, atMs);
  const rerun = await rerunRound(coreEngine, found, shard, zone).catch((error: unknown) => {
    if (!(error instanceof RestoreError)) throw error;
    const why = `the state before the round cannot be rebuilt: ${error.message}`;
    throw new AuditError(why, AUDIT_EXIT.noRound);
  });
  print(json ? JSON.stringify(auditJson(zone, shard, rerun)) : auditText(zone, shard, rerun));
  const exits = { same: 'same', differs: 'differs', not_comparable: 'notComparable' } as const;
  return AUDIT_EXIT[exits[verdictOf(rerun)]];
}

async function findIn(
  sources: readonly AuditSource[],
  shard: number,
  zone: string,
  atMs: number,
): Promise<FoundRound> {
  const reasons: string[] = [];
  for (const source of sources) {
    const answer = await findRound(source, shard, zone, atMs).catch((error: unknown) => {
      throw new AuditError(`${source.name} cannot be read: ${reasonOf(error)}`);
    });
    if (answer.kind === 'found') return answer;
    reasons.push(`${source.name}: ${wordsFor(answer)}`);
    if (answer.kind === 'after_end' && answer.endMs !== null) break;
  }
  const missing = sources.length > 1 ? '' : '; no archive is configured (DATABASE_URL)';
  const message = `no round of zone ${zone} at ${timeOf(atMs)}: ${reasons.join('; ')}${missing}`;
  throw new AuditError(message, AUDIT_EXIT.noRound);
}

function wordsFor(answer: NoRound): string {
  switch (answer.kind) {
    case 'trimmed':
      return answer.fromMs === null
        ? 'nothing is kept'
        : `what is kept does not reach back there, only to ${timeOf(answer.fromMs)}`;
    case 'after_end':
      return answer.endMs === null
        ? 'the log is empty'
        : `the log ends at ${timeOf(answer.endMs)}, nothing later is decided yet`;
    case 'no_round':
      return 'the zone had not decided a round yet';
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await audit(process.argv.slice(2), process.env, (text) => {
    process.stdout.write(`${text}\n`);
  });
}
