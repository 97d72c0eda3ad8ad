/**
 * Decisions in the database: taken from the log's explanations by the projector, read newest first,
 * forgotten when they are old or too many. They repeat what the log says and can be made anew from it
 * as far as it reaches.
 */
import {
  costOf,
  type ExplainedCandidate,
  type ExplainedOutcome,
  type Rejection,
} from '../../../contracts/explanations.ts';
import type { DeliveryId, DriverId, ZoneId } from '../../../contracts/ids.ts';
import type { LogPosition, LogRecord } from '../../../dispatch/redis/door.ts';
import type { Queryable, Transaction } from '../../../platform/database.ts';

export interface CandidateData extends Omit<ExplainedCandidate, 'driver'> {
  readonly driver: DriverId;
  /** Weighted, like `alone`: per mille of a millisecond. */
  readonly cost: number;
}

/** An explained unit that can be read alone: drivers by id, with what its round says for all. */
export interface DecisionData {
  readonly outcome: ExplainedOutcome;
  /** All deliveries of the unit, this one included. */
  readonly together: readonly DeliveryId[];
  readonly chosen: DriverId | null;
  readonly insteadOf: DriverId | null;
  readonly before: DriverId | null;
  readonly alsoAsked: readonly DriverId[];
  readonly stayOut: number;
  readonly planCost: number;
  readonly available: number | null;
  readonly shortlisted: number;
  readonly leftOff: number;
  readonly terms: readonly string[];
  readonly weights: readonly number[];
  readonly candidates: readonly CandidateData[];
  readonly rejected: readonly (readonly [DriverId, Rejection])[];
}

export interface DecisionRow {
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  readonly index: number;
  readonly delivery: DeliveryId;
  readonly zone: ZoneId;
  readonly at_ms: number;
  readonly round: number;
  readonly weights_version: number;
  readonly engine: string | null;
  readonly data: DecisionData;
}

/** The decisions that a record tells of, one per delivery. */
export function decisionsOf(record: LogRecord): Omit<DecisionRow, 'shard'>[] {
  const { epoch, seq, atMs, engine = null } = record;
  return record.events.flatMap(({ event, zone }, index) => {
    if (event.type !== 'round.explained') return [];
    const { drivers, round, version, terms, weights, planCost, available = null } = event;
    const named = (n: number | undefined): DriverId | null =>
      n === undefined ? null : (drivers[n] ?? null);
    return event.units.flatMap((unit) => {
      const data: DecisionData = {
        ...{ outcome: unit.outcome, together: unit.deliveries, stayOut: unit.stayOut },
        ...{ chosen: named(unit.chosen), insteadOf: named(unit.insteadOf) },
        before: named(unit.before),
        alsoAsked: (unit.alsoAsked ?? []).map((n) => named(n) ?? ''),
        ...{ planCost, available, terms, weights },
        ...{ shortlisted: unit.shortlisted, leftOff: unit.leftOff },
        candidates: unit.candidates.map((candidate) => ({
          ...candidate,
          driver: named(candidate.driver) ?? '',
          cost: costOf(candidate, weights),
        })),
        rejected: unit.rejected.map(([n, why]) => [named(n) ?? '', why]),
      };
      const at = { epoch, seq, index, zone, at_ms: atMs, round };
      return unit.deliveries.map((delivery) => {
        return { ...at, delivery, weights_version: version, engine, data };
      });
    });
  });
}

export async function writeDecisions(
  trx: Transaction,
  shard: number,
  decisions: readonly Omit<DecisionRow, 'shard'>[],
): Promise<void> {
  if (decisions.length === 0) return;
  await trx.raw(
    `INSERT INTO decisions (shard, epoch, seq, index, delivery, zone, at_ms, round, weights_version,
            engine, data)
     SELECT ?, epoch, seq, index, delivery, zone, at_ms, round, weights_version, engine, data
       FROM jsonb_to_recordset(?::jsonb) AS n (epoch bigint, seq bigint, index integer,
            delivery text, zone text, at_ms bigint, round bigint, weights_version integer,
            engine text, data jsonb)
     ON CONFLICT DO NOTHING`,
    [shard, JSON.stringify(decisions)],
  );
}

/** The log lost everything after `to`. */
export async function rollBackDecisions(
  trx: Transaction,
  shard: number,
  to: LogPosition,
): Promise<void> {
  await trx.raw('DELETE FROM decisions WHERE shard = ? AND (epoch, seq) > (?, ?)', [
    shard,
    to.epoch,
    to.seq,
  ]);
}

/** Place of a row in the log, within its shard. */
export interface DecisionPlace {
  readonly epoch: number;
  readonly seq: number;
  readonly index: number;
}

/** Newest first. */
export async function listDecisions(
  db: Queryable,
  delivery: string,
  before: DecisionPlace | null,
  limit: number,
): Promise<DecisionRow[]> {
  const query = db<DecisionRow>('decisions').where({ delivery }).limit(limit);
  query.orderBy(['epoch', 'seq', 'index'].map((column) => ({ column, order: 'desc' })));
  if (before) {
    query.whereRaw('(epoch, seq, index) < (?, ?, ?)', [before.epoch, before.seq, before.index]);
  }
  return query as unknown as Promise<DecisionRow[]>;
}

/** Forgets rows older than `beforeMs` (zone time) and those beyond `kept`; true: there are more. */
export async function forgetDecisions(
  db: Queryable,
  bounds: { readonly beforeMs: number; readonly kept: number; readonly atOnce: number },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { at_ms: number }[] }>(
    'SELECT at_ms FROM decisions ORDER BY at_ms DESC OFFSET ? LIMIT 1',
    [bounds.kept],
  );
  const beforeMs = Math.max(bounds.beforeMs, (rows[0]?.at_ms ?? -1) + 1);
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `DELETE FROM decisions WHERE ctid IN
       (SELECT ctid FROM decisions WHERE at_ms < ? ORDER BY at_ms LIMIT ?)`,
    [beforeMs, bounds.atOnce],
  );
  return rowCount === bounds.atOnce;
}
