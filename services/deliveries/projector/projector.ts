/**
 * Follows the log of every shard and writes what it says into Postgres: position and projection in
 * one transaction, so that nothing is applied twice or skipped. Registers its positions, so that the
 * log is not trimmed before it has read it. Decides nothing.
 *
 * Several projectors may run; the one that moves the position of a shard first has written the
 * batch, the others read their position again.
 */
import type { Door, LogEntry, LogPosition } from '../../../dispatch/redis/door.ts';
import type { Database } from '../../../platform/database.ts';
import { lostAfter, movePosition, readPositions } from '../../../platform/log-following.ts';
import { enqueue } from '../../../platform/outbox.ts';
import { type Pump, startPump } from '../../../platform/pump.ts';
import { markMissing } from '../proofs/proof-marks.ts';
import { workEntries, workOf } from './driver-work.ts';
import { type Anomaly, mentioned, project } from './projection.ts';
import * as queries from './projector-queries.ts';
import { rebuild } from './rebuild.ts';

/** Name under which the positions are registered with the log. */
export const PROJECTOR_NAME = 'deliveries';

const RECORDS_MAX = 300;
const BLOCK_MS = 500;
const START: LogPosition = { epoch: 0, seq: 0 };

export interface ProjectorOptions {
  readonly database: Database;
  readonly door: Door;
  readonly onError: (error: unknown) => void;
  readonly onAnomaly: (anomaly: Anomaly) => void;
  /** Records written, and zone ms between the newest of them and now. */
  readonly onProgress: (records: number, lagMs: number) => void;
}

/** Starts following all shards. */
export function startProjector(options: ProjectorOptions): Pump {
  const { database, door } = options;
  let positions: Map<number, LogPosition> | undefined;
  return startPump({
    work: async () => {
      try {
        positions ??= await loadPositions(database, door);
        const logs = await door.waitLogs(positions, { countMax: RECORDS_MAX, blockMs: BLOCK_MS });
        for (const [shard, entries] of logs) {
          const from = positions.get(shard) ?? START;
          const to = await follow(options, shard, from, entries);
          if (to === undefined) {
            // Another projector was first.
            positions = undefined;
            return true;
          }
          positions.set(shard, to);
          await door.setConsumer(shard, PROJECTOR_NAME, to);
        }
        return true;
      } catch (error) {
        positions = undefined;
        throw error;
      }
    },
    pollMs: 0,
    backOffMs: [200, 5_000],
    onError: options.onError,
  });
}

async function loadPositions(database: Database, door: Door): Promise<Map<number, LogPosition>> {
  const stored = await readPositions(database.knex);
  const positions = new Map<number, LogPosition>();
  for (let shard = 0; shard < door.shards; shard++) {
    const position = stored.get(shard) ?? START;
    positions.set(shard, position);
    await door.setConsumer(shard, PROJECTOR_NAME, position);
  }
  return positions;
}

/** Writes one shard's entries; the new position, or undefined when the stored one has moved. */
async function follow(
  options: ProjectorOptions,
  shard: number,
  from: LogPosition,
  entries: readonly LogEntry[],
): Promise<LogPosition | undefined> {
  const last = entries.at(-1);
  if (last === undefined) return from;
  const records = entries.map(({ record }) => record);
  const anomalies: Anomaly[] = [];
  const moved = await options.database.transaction(async (trx) => {
    anomalies.length = 0;
    if (!(await movePosition(trx, shard, from, last.position))) return false;
    const lost = lostAfter(from, entries);
    if (lost !== undefined) await rebuild(trx, await queries.rollBack(trx, shard, lost));
    const known = await queries.readKnown(trx, mentioned(records));
    const batch = project(records, known);
    await queries.writeBatch(trx, shard, batch);
    await enqueue(trx, workEntries(shard, workOf(records, known.deliveries)));
    await markMissing(trx, [...batch.changed]);
    anomalies.push(...batch.anomalies);
    return true;
  });
  if (!moved) return undefined;
  for (const anomaly of anomalies) options.onAnomaly(anomaly);
  const lagMs = options.door.clock.zoneMs() - last.record.atMs;
  options.onProgress(records.length, Math.max(0, lagMs));
  return last.position;
}
