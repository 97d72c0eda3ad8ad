/** Reading the business record: one delivery with its history, lists, facts, audit. */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type {
  DeliveryDetail,
  DeliveryEvents,
  DeliveryList,
  DeliveryQuery,
} from '../../contracts/api/deliveries.ts';
import type { AuditList, AuditQuery } from '../../contracts/api/zones.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import { type DeliveryState, isEnded } from '../../contracts/states.ts';
import type { Door, LastTrack } from '../../dispatch/redis/door.ts';
import type { Database } from '../../platform/database.ts';
import { etaTimes } from '../../platform/eta-times.ts';
import { decodeCursor, pageOf } from '../../platform/paging.ts';
import type { Call } from '../../platform/service.ts';
import { timeText } from '../../platform/times.ts';
import { checkSees, listAccount } from './access.ts';
import * as queries from './queries.ts';
import { deliveryView, type FactRow } from './rows.ts';

/** One delivery with its history, and when the engine expects it while it is under way. */
export async function get(
  { database, door }: { readonly database: Database; readonly door: () => Promise<Door> },
  id: DeliveryId,
  call: Call,
): Promise<DeliveryDetail> {
  const row = checkSees(call.caller, await queries.deliveryById(database.knex, id));
  const facts = await queries.factsOf(database.knex, id);
  const view = deliveryView(row);
  const last = isEnded(view.state) ? null : await lastTold(door, id);
  return { ...view, ...etaTimes(last), history: historyOf(row.placed_ms, facts) };
}

/** The record is PostgreSQL's; when the engine cannot be asked, only the estimate is missing. */
async function lastTold(door: () => Promise<Door>, id: DeliveryId): Promise<LastTrack | null> {
  try {
    return await (await door()).lastTrack(id);
  } catch {
    return null;
  }
}

type Step = DeliveryDetail['history'][number];

/** The states a delivery went through, from its facts; the first one is its placement. */
export function historyOf(placedMs: number, facts: readonly FactRow[]): Step[] {
  const steps: Step[] = [{ state: 'pending', at: timeText(placedMs), driver: null }];
  for (const fact of facts) {
    const state = stateAfter(fact);
    if (state === undefined) continue;
    if (fact.type === 'delivery.requested') {
      steps[0] = { state, at: timeText(placedMs), driver: null };
      continue;
    }
    const driver = state === 'pending' ? null : fact.driver;
    steps.push({ state, at: timeText(fact.at_ms), driver });
  }
  return steps;
}

function stateAfter(fact: FactRow): DeliveryState | undefined {
  switch (fact.type) {
    case 'delivery.requested':
    case 'delivery.moved':
    case 'delivery.ended':
      return fact.data.state as DeliveryState;
    case 'delivery.due':
    case 'delivery.unassigned':
      return 'pending';
    case 'delivery.assigned':
      return 'assigned';
    case 'delivery.returning':
      return 'returning';
    default:
      return undefined;
  }
}

export async function list(
  database: Database,
  params: DeliveryQuery,
  call: Call,
): Promise<DeliveryList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const filter: queries.DeliveryFilter = {
    account: listAccount(call.caller),
    state: params.state,
    zone: params.zone,
    driver: params.driver,
    open: params.open,
    before: params.cursor === undefined ? undefined : decodeCursor(params.cursor),
  };
  const page = pageOf(await queries.listDeliveries(database.knex, filter, limit + 1), limit);
  return { items: page.rows.map(deliveryView), next: page.next };
}

export async function events(database: Database, id: string, call: Call): Promise<DeliveryEvents> {
  checkSees(call.caller, await queries.deliveryById(database.knex, id));
  const facts = await queries.factsOf(database.knex, id);
  return {
    items: facts.map((fact) => ({
      position: `${fact.shard}:${fact.epoch}-${fact.seq}:${fact.index}`,
      type: fact.type,
      at: timeText(fact.at_ms),
      driver: fact.driver,
      data: { ...fact.data },
    })),
  };
}

export async function audit(database: Database, params: AuditQuery): Promise<AuditList> {
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const before = params.cursor === undefined ? undefined : decodeCursor(params.cursor);
  const rows = await queries.listAudit(database.knex, { zone: params.zone, before }, limit + 1);
  const page = pageOf(
    rows.map((row) => ({ ...row, id: row.request })),
    limit,
  );
  return {
    items: page.rows.map(({ request, zone, actor, reason, verb, subject, at_ms, data }) => ({
      ...{ request, zone, actor, reason, verb, subject, data },
      at: timeText(at_ms),
    })),
    next: page.next,
  };
}
