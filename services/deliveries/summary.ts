/** Counts and percentiles over all deliveries, for ops: five set-based statements, no rows moved. */
import type { DeliverySummary } from '../../contracts/api/deliveries.ts';
import type { Queryable } from '../../platform/database.ts';

interface Counted {
  readonly name: string;
  readonly count: number;
}

/** `zoneMs`: now, for the age of the oldest one without a driver. */
export async function summarise(db: Queryable, zoneMs: number): Promise<DeliverySummary> {
  const deliveries = await db.raw<{ rows: Counted[] }>(
    'SELECT state AS name, count(*) AS count FROM deliveries GROUP BY state',
  );
  const offers = await db.raw<{ rows: Counted[] }>(
    `SELECT coalesce(outcome, 'open') AS name, count(*) AS count FROM offers GROUP BY 1`,
  );
  const { rows: times } = await db.raw<{
    rows: { p50: number | null; p90: number | null; on_time: number | null }[];
  }>(
    `SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY delivered_ms - placed_ms) AS p50,
            percentile_disc(0.9) WITHIN GROUP (ORDER BY delivered_ms - placed_ms) AS p90,
            100.0 * avg((delivered_ms <= promise_ms)::int) AS on_time
       FROM deliveries WHERE delivered_ms IS NOT NULL`,
  );
  const { rows: oldest } = await db.raw<{ rows: { placed_ms: number | null }[] }>(
    `SELECT min(placed_ms) AS placed_ms FROM deliveries WHERE state = 'pending'`,
  );
  const [time] = times;
  const placedMs = oldest[0]?.placed_ms ?? null;
  const byName = (rows: readonly Counted[]): Record<string, number> =>
    Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  return {
    deliveries: byName(deliveries.rows),
    offers: byName(offers.rows),
    clickToDoorMs: { p50: time?.p50 ?? null, p90: time?.p90 ?? null },
    onTimePercent: time?.on_time == null ? null : Math.round(time.on_time * 100) / 100,
    oldestUnassignedMs: placedMs === null ? null : Math.max(0, Math.round(zoneMs - placedMs)),
  };
}
