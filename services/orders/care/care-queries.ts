/** What the history and the reviews of orders ask of the tables. */
import type { OrderId, UserId, VendorId } from '../../../contracts/ids.ts';
import type { Queryable } from '../../../platform/database.ts';
import type { Judgement } from '../fraud/rules.ts';

export interface HistoryRow {
  readonly type: string;
  readonly actor_kind: string;
  readonly actor: string;
  readonly at_ms: number;
  readonly data: Record<string, unknown>;
}

/** Oldest first. */
export async function eventsOf(db: Queryable, order: string, limit: number): Promise<HistoryRow[]> {
  return db('order_events').where({ order_id: order }).orderBy('id').limit(limit);
}

export interface WaitingRow {
  readonly id: OrderId;
  readonly customer: UserId;
  readonly vendor: VendorId;
  readonly total_minor: number;
  readonly currency: string;
  readonly dropoff_lat_e7: number;
  readonly dropoff_lon_e7: number;
  readonly placed_ms: number;
  readonly due_ms: number;
  /** What the rules found. */
  readonly data: Judgement;
}

/** Orders under review, oldest first; `after` is the last one seen. */
export async function waitingOrders(
  db: Queryable,
  after: string | undefined,
  limit: number,
): Promise<WaitingRow[]> {
  const { rows } = await db.raw<{ rows: WaitingRow[] }>(
    `SELECT o.id, o.customer, o.vendor, o.total_minor, o.currency, o.dropoff_lat_e7,
            o.dropoff_lon_e7, o.placed_ms, t.due_ms, e.data
       FROM timers t JOIN sagas s ON s.order_id = t.order_id JOIN orders o ON o.id = s.order_id
      CROSS JOIN LATERAL (SELECT data FROM order_events e
             WHERE e.order_id = o.id AND e.type = 'checked' ORDER BY e.id DESC LIMIT 1) e
      WHERE s.step = 'reviewing' AND o.id > ? ORDER BY o.id LIMIT ?`,
    [after ?? '', limit],
  );
  return rows;
}
