/** What people and programs ask of the business record. The projector has its own queries. */
import type { DeliveryCommand } from '../../contracts/commands.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { DeliveryId, ZoneId } from '../../contracts/ids.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import { insertCommands } from './creation-queries.ts';
import type { CommandRow, DeliveryRow, FactRow } from './rows.ts';

/** Facts of one delivery that are shown; a longer history is cut at its end. */
const FACTS_MAX = 2_000;

export async function deliveryById(db: Queryable, id: string): Promise<DeliveryRow | undefined> {
  return db<DeliveryRow>('deliveries').where({ id }).first() as Promise<DeliveryRow | undefined>;
}

export async function deliveryByExternalId(
  db: Queryable,
  account: string,
  externalId: string,
): Promise<DeliveryRow | undefined> {
  return db('deliveries').where({ account, external_id: externalId }).first();
}

export interface DeliveryFilter {
  readonly account?: string | undefined;
  readonly state?: string | undefined;
  readonly zone?: string | undefined;
  readonly driver?: string | undefined;
  readonly open?: boolean | undefined;
  readonly before?: string | undefined;
}

/** Newest first. */
export async function listDeliveries(
  db: Queryable,
  filter: DeliveryFilter,
  limit: number,
): Promise<DeliveryRow[]> {
  const query = db('deliveries').orderBy('id', 'desc').limit(limit);
  if (filter.account !== undefined) query.where({ account: filter.account });
  if (filter.state !== undefined) query.where({ state: filter.state });
  if (filter.zone !== undefined) query.where({ zone: filter.zone });
  if (filter.driver !== undefined) query.where({ driver: filter.driver });
  if (filter.open === true) query.whereNull('ended_ms');
  if (filter.open === false) query.whereNotNull('ended_ms');
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

export async function factsOf(db: Queryable, delivery: string): Promise<FactRow[]> {
  return db('facts')
    .where({ delivery })
    .orderBy([{ column: 'epoch' }, { column: 'seq' }, { column: 'index' }])
    .limit(FACTS_MAX);
}

/** Writes the next command of a delivery and tells the relays. Returns its number. */
export async function addCommand(
  trx: Transaction,
  id: DeliveryId,
  make: (number: number) => DeliveryCommand,
  correlation: string,
): Promise<number> {
  const { rows } = await trx.raw<{ rows: { number: number; zone: ZoneId; shard: number }[] }>(
    `UPDATE deliveries SET last_command = last_command + 1 WHERE id = ?
     RETURNING last_command AS number, zone, shard`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw new WaggleError('resource.not_found');
  await insertCommands(trx, [{ ...row, delivery: id, command: make(row.number), correlation }]);
  return row.number;
}

/** The last cancel of a delivery, if any. Locks nothing. */
export async function lastCancel(db: Queryable, delivery: string): Promise<CommandRow | undefined> {
  return db('commands')
    .where({ delivery })
    .whereRaw(`command->>'type' = 'delivery.cancel'`)
    .orderBy('number', 'desc')
    .first();
}

/** Locks a delivery for the rest of the transaction. */
export async function lockDelivery(trx: Transaction, id: string): Promise<DeliveryRow | undefined> {
  return trx('deliveries').where({ id }).forUpdate().first();
}

export async function commandOf(
  db: Queryable,
  delivery: string,
  number: number,
): Promise<CommandRow | undefined> {
  return db('commands').where({ delivery, number }).first();
}

export interface AuditRow {
  readonly request: string;
  readonly zone: string;
  readonly actor: string;
  readonly reason: string;
  readonly verb: string;
  readonly subject: string | null;
  readonly at_ms: number;
  readonly data: Record<string, unknown>;
}

/** Newest first; `before` is the request of the last row seen. */
export async function listAudit(
  db: Queryable,
  filter: { readonly zone?: string | undefined; readonly before?: string | undefined },
  limit: number,
): Promise<AuditRow[]> {
  const columns = 'request, zone, actor, reason, verb, subject, at_ms, data';
  const all = `(SELECT ${columns} FROM audit UNION ALL SELECT ${columns} FROM redrives
    UNION ALL SELECT ${columns} FROM exception_acts) AS acts`;
  const query = db.from(db.raw(all)).orderBy('request', 'desc').limit(limit);
  if (filter.zone !== undefined) query.where({ zone: filter.zone });
  if (filter.before !== undefined) query.where('request', '<', filter.before);
  return query;
}
