/**
 * What the log says of deliveries, as a pure fold: no I/O, no clock. Given the rows as they are and
 * records of a shard's log, it says which rows change and what must be written.
 *
 * A delivery's projected state moves only by its facts: requested → (due) → assigned ⇄ unassigned →
 * moved… → ended. What must never happen (a second holder, a fact about an ended delivery, an offer
 * with two outcomes) is reported as an anomaly and the log is still followed: it is the authority.
 */
import type { ZoneEvent } from '../../../contracts/events.ts';
import type { DeliveryId, DriverId, OfferId, ZoneId } from '../../../contracts/ids.ts';
import { isEnded } from '../../../contracts/states.ts';
import type { LogRecord } from '../../../dispatch/redis/door.ts';
import { ExceptionFold, type ExceptionState } from '../exceptions/exception-fold.ts';
import type { DeliveryRow, FactRow, ProjectedState } from '../rows.ts';
import { type DecisionRow, decisionsOf } from './decision-rows.ts';

export interface OfferState {
  readonly id: OfferId;
  readonly driver: DriverId;
  readonly deliveries: readonly DeliveryId[];
  readonly made_ms: number;
  outcome: string | null;
  closed_ms: number | null;
  readonly epoch: number;
  readonly seq: number;
}

export interface CommandOutcome {
  readonly delivery: DeliveryId;
  readonly number: number;
  readonly state: 'confirmed' | 'refused';
  readonly refusal: string | null;
  readonly epoch: number;
  readonly seq: number;
}

export interface AuditFact {
  readonly epoch: number;
  readonly seq: number;
  readonly index: number;
  readonly request: string;
  readonly zone: ZoneId;
  readonly actor: string;
  readonly reason: string;
  readonly verb: string;
  readonly subject: string | null;
  readonly at_ms: number;
  readonly data: object;
}

export interface Anomaly {
  readonly kind: 'second_holder' | 'fact_after_end' | 'second_outcome' | 'unknown_delivery';
  readonly delivery: DeliveryId | null;
  readonly offer: OfferId | null;
  readonly detail: object;
}

/** The state of a row before and after a batch, and every state in between that others must hear. */
export interface Change {
  readonly row: DeliveryRow;
  readonly atMs: number;
  readonly state: ProjectedState;
}

/** Everything one batch of records writes. */
export interface Batch {
  readonly facts: Omit<FactRow, 'shard'>[];
  readonly commands: CommandOutcome[];
  readonly offers: Map<OfferId, OfferState>;
  readonly changed: Set<DeliveryRow>;
  readonly announced: Change[];
  readonly audit: AuditFact[];
  readonly anomalies: Anomaly[];
  readonly exceptions: ExceptionFold;
  readonly decisions: Omit<DecisionRow, 'shard'>[];
}

export interface Known {
  readonly deliveries: ReadonlyMap<DeliveryId, DeliveryRow>;
  readonly offers: ReadonlyMap<OfferId, OfferState>;
  /** Exceptions of these deliveries that are open. */
  readonly exceptions: readonly ExceptionState[];
}

interface At {
  readonly zone: ZoneId;
  readonly epoch: number;
  readonly seq: number;
  readonly index: number;
  readonly atMs: number;
}

/** Ids of the deliveries and offers that these records speak of, to be loaded before the fold. */
export function mentioned(records: readonly LogRecord[]): {
  readonly deliveries: Set<DeliveryId>;
  readonly offers: Set<OfferId>;
} {
  const deliveries = new Set<DeliveryId>();
  const offers = new Set<OfferId>();
  for (const { events } of records) {
    for (const { event } of events) {
      for (const id of deliveriesOf(event)) deliveries.add(id);
      if ('offer' in event && event.offer !== undefined) offers.add(event.offer);
    }
  }
  return { deliveries, offers };
}

function deliveriesOf(event: ZoneEvent): readonly DeliveryId[] {
  if (event.type === 'delivery.requested') return [event.request.id];
  if (event.type === 'offer.made') return event.deliveries;
  if ('delivery' in event && event.delivery !== undefined) return [event.delivery];
  return [];
}

/** Folds records, in order, into rows (changed in place) and the batch to write. */
export function project(records: readonly LogRecord[], known: Known): Batch {
  const batch: Batch = {
    facts: [],
    commands: [],
    offers: new Map(known.offers),
    changed: new Set(),
    announced: [],
    audit: [],
    anomalies: [],
    exceptions: new ExceptionFold(known.exceptions),
    decisions: records.flatMap(decisionsOf),
  };
  for (const { events, epoch, seq, atMs } of records) {
    events.forEach(({ event, zone }, index) => {
      apply(batch, known, event, { zone, epoch, seq, index, atMs });
    });
  }
  return batch;
}

function apply(batch: Batch, known: Known, event: ZoneEvent, at: At): void {
  switch (event.type) {
    case 'offer.made':
    case 'offer.unseen':
    case 'offer.closed':
      return applyOffer(batch, event, at);
    case 'ops.acted':
    case 'control.set':
    case 'control.ended':
    case 'zone.opened':
    case 'zone.configured':
    case 'input.quarantined':
      applyAudit(batch, event, at);
      break;
    default:
      break;
  }
  applyCommand(batch, event, at);
  for (const id of deliveriesOf(event)) {
    const row = known.deliveries.get(id);
    if (row === undefined) {
      const detail = { type: event.type, zone: at.zone };
      batch.anomalies.push({ kind: 'unknown_delivery', delivery: id, offer: null, detail });
      continue;
    }
    // What a forecast said is told again within a minute: no fact to keep.
    if (event.type !== 'delivery.forecast') addFact(batch, id, event, at);
    applyDelivery(batch, row, event, at);
    batch.exceptions.follow(event, row, at);
  }
}

function addFact(batch: Batch, delivery: DeliveryId, event: ZoneEvent, at: At): void {
  const { type, ...data } = event;
  const driver = 'driver' in event ? (event.driver as DriverId | undefined) : undefined;
  const { epoch, seq, index, atMs } = at;
  const shown = event.type === 'delivery.requested' ? requestFact(event) : data;
  batch.facts.push({
    epoch,
    seq,
    index,
    delivery,
    type,
    at_ms: 'atMs' in event ? event.atMs : atMs,
    driver: driver ?? null,
    data: shown,
  });
}

/** The request itself stands in its row already. */
function requestFact(
  event: Extract<ZoneEvent, { type: 'delivery.requested' }>,
): Record<string, unknown> {
  return { number: event.number, promiseMs: event.promiseMs, state: event.state };
}

function applyCommand(batch: Batch, event: ZoneEvent, at: At): void {
  const { epoch, seq } = at;
  switch (event.type) {
    case 'delivery.requested':
      batch.commands.push({
        delivery: event.request.id,
        number: event.number,
        state: 'confirmed',
        refusal: null,
        epoch,
        seq,
      });
      return;
    case 'delivery.confirmed':
    case 'delivery.refused': {
      const refusal = event.type === 'delivery.refused' ? event.reason : null;
      const state = refusal === null ? 'confirmed' : 'refused';
      const { delivery, number } = event;
      batch.commands.push({ delivery, number, state, refusal, epoch, seq });
      return;
    }
    default:
  }
}

function applyDelivery(batch: Batch, row: DeliveryRow, event: ZoneEvent, at: At): void {
  const wasEnded = isEnded(row.state) && row.epoch > 0;
  const before = { state: row.state, driver: row.driver };
  const next = nextState(row, event, at);
  if (next === undefined) return;
  if (wasEnded) {
    const detail = { type: event.type, state: row.state };
    batch.anomalies.push({ kind: 'fact_after_end', delivery: row.id, offer: null, detail });
  }
  if (
    event.type === 'delivery.assigned' &&
    before.driver !== null &&
    before.driver !== event.driver
  ) {
    const detail = { had: before.driver, got: event.driver, by: event.by };
    batch.anomalies.push({ kind: 'second_holder', delivery: row.id, offer: null, detail });
  }
  Object.assign(row, next, { epoch: at.epoch, seq: at.seq, index: at.index });
  batch.changed.add(row);
  const isNew = event.type === 'delivery.requested';
  if (isNew || row.state !== before.state || row.driver !== before.driver) {
    const atMs = 'atMs' in event ? event.atMs : at.atMs;
    batch.announced.push({ row, atMs, state: projectedOf(row) });
  }
}

/** What a fact changes of a delivery; undefined: nothing. */
function nextState(
  row: DeliveryRow,
  event: ZoneEvent,
  at: At,
): Partial<ProjectedState> | undefined {
  switch (event.type) {
    case 'delivery.requested':
      return { state: event.state, promise_ms: event.promiseMs, ready_ms: event.request.readyMs };
    case 'delivery.due':
      return { state: 'pending' };
    case 'delivery.ready':
      return { ready_ms: event.readyMs };
    case 'delivery.held':
      return { held: event.held };
    case 'delivery.assigned':
      return { state: 'assigned', driver: event.driver, assigned_ms: at.atMs };
    case 'delivery.unassigned':
      // The other driver was released because somebody else has the parcel already.
      if (row.driver !== event.driver) return undefined;
      return { state: 'pending', driver: null, assigned_ms: null };
    case 'delivery.moved':
      return {
        state: event.state,
        driver: event.driver,
        ...(event.state === 'picked_up' ? { picked_up_ms: event.atMs } : {}),
      };
    case 'delivery.returning':
      return { state: 'returning', driver: event.driver, reason: event.reason };
    case 'delivery.ended':
      return {
        state: event.state,
        reason: event.reason,
        ended_ms: event.atMs,
        ...(event.state === 'delivered' ? { delivered_ms: event.atMs } : {}),
        ...(event.driver === undefined ? {} : { driver: event.driver }),
      };
    default:
      return undefined;
  }
}

function projectedOf(row: DeliveryRow): ProjectedState {
  const { state, driver, ready_ms, promise_ms, assigned_ms, picked_up_ms } = row;
  const { delivered_ms, ended_ms, reason, held, epoch, seq, index } = row;
  return {
    ...{ state, driver, ready_ms, promise_ms, assigned_ms, picked_up_ms },
    ...{ delivered_ms, ended_ms, reason, held, epoch, seq, index },
  };
}

function applyOffer(
  batch: Batch,
  event: Extract<ZoneEvent, { type: 'offer.made' | 'offer.unseen' | 'offer.closed' }>,
  at: At,
): void {
  if (event.type === 'offer.made') {
    const { offer: id, driver, deliveries } = event;
    const { atMs: made_ms, epoch, seq } = at;
    const made = { id, driver, deliveries, made_ms, outcome: null, closed_ms: null, epoch, seq };
    batch.offers.set(id, made);
  }
  const offer = batch.offers.get(event.offer);
  if (offer === undefined) return;
  for (const delivery of offer.deliveries) addFact(batch, delivery, withoutStops(event), at);
  if (event.type !== 'offer.closed') return;
  if (offer.outcome !== null) {
    const detail = { first: offer.outcome, second: event.outcome };
    batch.anomalies.push({ kind: 'second_outcome', delivery: null, offer: event.offer, detail });
  }
  batch.offers.set(offer.id, { ...offer, outcome: event.outcome, closed_ms: at.atMs });
}

/** Stops repeat coordinates that the deliveries have already. */
function withoutStops(event: ZoneEvent): ZoneEvent {
  return event.type === 'offer.made' ? { ...event, stops: [] } : event;
}

function applyAudit(batch: Batch, event: ZoneEvent, at: At): void {
  const base = { ...at, at_ms: at.atMs };
  const add = (fact: Omit<AuditFact, 'epoch' | 'seq' | 'index' | 'zone' | 'at_ms'>): void => {
    const { epoch, seq, index, zone, at_ms } = base;
    batch.audit.push({ epoch, seq, index, zone, at_ms, ...fact });
  };
  // What nobody asked for by name still needs a key that sorts by time, for paging.
  const own = ownRequest(at);
  switch (event.type) {
    case 'ops.acted': {
      const { request, actor, reason, verb, delivery, refused } = event;
      return add({ request, actor, reason, verb, subject: delivery ?? null, data: { refused } });
    }
    case 'control.set': {
      const { request, control } = event;
      const { actor, reason, kind, ...data } = control;
      return add({ request, actor, reason, verb: `control.${kind}`, subject: null, data });
    }
    case 'control.ended':
      return add({
        request: own,
        actor: 'engine',
        reason: 'its time was over',
        verb: `control_ended.${event.kind}`,
        subject: null,
        data: {},
      });
    case 'zone.opened':
    case 'zone.configured': {
      const { version, weights, shadow } = event.config;
      const change = event.type === 'zone.configured' ? event.change : undefined;
      return add({
        request: change?.request ?? own,
        actor: change?.actor ?? 'engine',
        reason: change?.reason ?? `version ${version}`,
        verb: event.type,
        subject: null,
        data: { version, weights: weights.version, ...(shadow ? { shadow } : {}) },
      });
    }
    case 'input.quarantined':
      return add({
        request: own,
        actor: 'engine',
        reason: event.error,
        verb: event.type,
        subject: null,
        data: { entry: event.entry, envelope: event.envelope },
      });
    default:
  }
}

/** A control id derived from the position in the log: unique, and the same on every replay. */
function ownRequest({ atMs, epoch, seq, index }: At): string {
  const time = atMs.toString(16).padStart(12, '0').slice(-12);
  const tail = ((epoch % 0x1000000) * 0x1000000 + seq).toString(16).padStart(12, '0').slice(-12);
  const middle = (0x7000 + (index & 0xfff)).toString(16);
  return `ctl_${time.slice(0, 8)}-${time.slice(8)}-${middle}-8000-${tail}`;
}
