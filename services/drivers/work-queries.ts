/** How a batch of work is read and written: a fixed number of statements, whatever its size. */
import { type DeliveryId, type DriverId, newId, type OfferId } from '../../contracts/ids.ts';
import type { OrderChanged, OrderRated } from '../../contracts/messages/orders.ts';
import type { Queryable, Transaction } from '../../platform/database.ts';
import {
  COUNTS,
  type DayRow,
  type DutyRow,
  type EndRow,
  type JobRow,
  jobKey,
  type OfferRow,
  type PayLine,
  type WorkChange,
} from './work-fold.ts';

/** Any fixed number: whoever writes work holds it until it has committed. */
const LOCK = 0x776f726b;

/** One batch at a time, so that pay and tips that arrive together always see each other. */
export async function lockWork(trx: Transaction): Promise<void> {
  await trx.raw('SELECT pg_advisory_xact_lock(?)', [LOCK]);
}

export async function readDuties(
  trx: Queryable,
  drivers: readonly DriverId[],
): Promise<Map<DriverId, DutyRow>> {
  const rows: DutyRow[] = await trx('duties').whereRaw('driver = ANY(?)', [[...drivers]]);
  return new Map(rows.map((row) => [row.driver, row]));
}

export async function readOffers(
  trx: Queryable,
  ids: readonly OfferId[],
): Promise<Map<OfferId, OfferRow>> {
  const rows: OfferRow[] = await trx('offers').whereRaw('id = ANY(?)', [[...ids]]);
  return new Map(rows.map((row) => [row.id, row]));
}

export async function readJobs(
  trx: Queryable,
  deliveries: readonly DeliveryId[],
): Promise<Map<string, JobRow>> {
  const rows: JobRow[] = await trx('jobs').whereRaw('delivery = ANY(?)', [[...deliveries]]);
  return new Map(rows.map((row) => [jobKey(row), row]));
}

export async function writeWork(trx: Transaction, change: WorkChange): Promise<void> {
  const ended = [...change.ends.keys()];
  await writeDuties(trx, [...change.duties.values()]);
  await writeOffers(trx, [...change.offers.values()], [...change.closed]);
  await writeJobs(
    trx,
    [...change.jobs.values()].filter(({ delivery }) => !change.ends.has(delivery)),
    ended,
  );
  await writeEnds(trx, [...change.ends.values()]);
  await writeDays(trx, [...change.days.values()]);
  await writeLines(trx, 'delivery', change.lines);
}

async function writeDuties(trx: Transaction, rows: readonly DutyRow[]): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO duties AS d (driver, duty, since_ms, zone)
     SELECT driver, duty, since_ms, zone FROM json_to_recordset(?::json)
         AS n (driver text, duty text, since_ms bigint, zone text)
     ON CONFLICT (driver) DO UPDATE SET duty = excluded.duty, since_ms = excluded.since_ms,
        zone = excluded.zone`,
    [JSON.stringify(rows)],
  );
}

async function writeOffers(
  trx: Transaction,
  open: readonly OfferRow[],
  closed: readonly OfferId[],
): Promise<void> {
  if (open.length > 0) {
    await trx.raw(
      `INSERT INTO offers (id, driver, deliveries, pay_minor, currency, made_ms)
       SELECT id, driver, ARRAY(SELECT jsonb_array_elements_text(deliveries)), pay_minor, currency,
              made_ms
         FROM json_to_recordset(?::json) AS n (id text, driver text, deliveries jsonb,
              pay_minor bigint, currency text, made_ms bigint)
       ON CONFLICT DO NOTHING`,
      [JSON.stringify(open)],
    );
  }
  if (closed.length > 0)
    await trx('offers')
      .whereRaw('id = ANY(?)', [[...closed]])
      .delete();
}

async function writeJobs(
  trx: Transaction,
  rows: readonly JobRow[],
  ended: readonly DeliveryId[],
): Promise<void> {
  if (rows.length > 0) {
    await trx.raw(
      `INSERT INTO jobs (delivery, driver, pay_minor, currency, at_ms)
       SELECT delivery, driver, pay_minor, currency, at_ms FROM json_to_recordset(?::json)
           AS n (delivery text, driver text, pay_minor bigint, currency text, at_ms bigint)
       ON CONFLICT (delivery, driver) DO UPDATE SET pay_minor = excluded.pay_minor,
          currency = excluded.currency, at_ms = excluded.at_ms`,
      [JSON.stringify(rows)],
    );
  }
  if (ended.length > 0)
    await trx('jobs')
      .whereRaw('delivery = ANY(?)', [[...ended]])
      .delete();
}

async function writeEnds(trx: Transaction, rows: readonly EndRow[]): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO ends (delivery, driver, state, at_ms, day)
     SELECT delivery, driver, state, at_ms, day FROM json_to_recordset(?::json)
         AS n (delivery text, driver text, state text, at_ms bigint, day text)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

async function writeDays(trx: Transaction, rows: readonly DayRow[]): Promise<void> {
  if (rows.length === 0) return;
  const names = COUNTS.join(', ');
  await trx.raw(
    `INSERT INTO days AS d (driver, day, ${names})
     SELECT driver, day, ${names} FROM json_to_recordset(?::json)
         AS n (driver text, day text, ${COUNTS.map((name) => `${name} bigint`).join(', ')})
     ON CONFLICT (driver, day) DO UPDATE SET
        ${COUNTS.map((name) => `${name} = d.${name} + excluded.${name}`).join(', ')}`,
    [JSON.stringify(rows)],
  );
}

/** Adds what was not paid yet; a delivery is paid and tipped once. */
export async function writeLines(
  trx: Transaction,
  kind: 'delivery' | 'tip',
  lines: readonly PayLine[],
): Promise<void> {
  if (lines.length === 0) return;
  const rows = lines.map((line) => ({ id: newId('earning'), kind, ...line }));
  await trx.raw(
    `INSERT INTO earnings (id, driver, kind, delivery, amount_minor, currency, at_ms, day)
     SELECT id, driver, kind, delivery, amount_minor, currency, at_ms, day
       FROM json_to_recordset(?::json) AS n (id text, driver text, kind text, delivery text,
            amount_minor bigint, currency text, at_ms bigint, day text)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

/** Keeps the tips of delivered orders; a tip that was told before stays as it was. */
export async function insertTips(trx: Transaction, orders: readonly OrderChanged[]): Promise<void> {
  const rows = orders.map(({ delivery, order: order_id, tipMinor, currency, atMs: at_ms }) => ({
    ...{ delivery, order_id, amount_minor: tipMinor, currency, at_ms },
  }));
  await trx.raw(
    `INSERT INTO tips (delivery, order_id, amount_minor, currency, at_ms)
     SELECT delivery, order_id, amount_minor, currency, at_ms FROM json_to_recordset(?::json)
         AS n (delivery text, order_id text, amount_minor bigint, currency text, at_ms bigint)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

/** Tips of these deliveries that have been delivered, as lines for who delivered them. */
export async function tipLines(
  trx: Queryable,
  deliveries: readonly DeliveryId[],
): Promise<PayLine[]> {
  if (deliveries.length === 0) return [];
  const { rows } = await trx.raw<{ rows: PayLine[] }>(
    `SELECT e.driver, e.delivery, t.amount_minor, t.currency, e.at_ms, e.day
       FROM tips t JOIN ends e ON e.delivery = t.delivery AND e.state = 'delivered'
      WHERE t.delivery = ANY(?)`,
    [[...deliveries]],
  );
  return rows;
}

/** The newest stars of an order count. */
export async function writeRatings(trx: Transaction, rated: readonly OrderRated[]): Promise<void> {
  const newest = new Map<
    string,
    Record<'order_id' | 'driver', string> & Record<'stars' | 'at_ms', number>
  >();
  for (const { order: order_id, driver, driverStars: stars, atMs: at_ms } of rated) {
    if (driver === null || stars === null || at_ms < (newest.get(order_id)?.at_ms ?? 0)) continue;
    newest.set(order_id, { order_id, driver, stars, at_ms });
  }
  if (newest.size === 0) return;
  await trx.raw(
    `INSERT INTO ratings AS r (order_id, driver, stars, at_ms)
     SELECT order_id, driver, stars, at_ms FROM json_to_recordset(?::json)
         AS n (order_id text, driver text, stars integer, at_ms bigint)
     ON CONFLICT (order_id) DO UPDATE SET stars = excluded.stars, at_ms = excluded.at_ms
      WHERE r.at_ms <= excluded.at_ms`,
    [JSON.stringify([...newest.values()])],
  );
}

/** Forgets what nothing will come of any more, a bounded number at once; true: there may be more. */
export async function forgetWork(
  db: Queryable,
  { beforeMs, atOnce }: { readonly beforeMs: number; readonly atOnce: number },
): Promise<boolean> {
  let more = false;
  const clocks = { offers: 'made_ms', jobs: 'at_ms', ends: 'at_ms', tips: 'at_ms' } as const;
  for (const [table, clock] of Object.entries(clocks)) {
    const { rowCount } = await db.raw<{ rowCount: number }>(
      `DELETE FROM ${table} WHERE ctid IN (
         SELECT ctid FROM ${table} WHERE ${clock} < ? ORDER BY ${clock} LIMIT ?)`,
      [beforeMs, atOnce],
    );
    more ||= rowCount >= atOnce;
  }
  return more;
}
