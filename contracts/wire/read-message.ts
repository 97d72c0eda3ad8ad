/**
 * Reads what a client sends as JSON: the one place where untrusted text becomes a message. It never
 * throws; every wrong field is named. Fields that are not known are ignored (v1 is additive).
 */
import type { FieldProblem } from '../errors.ts';
import { type DeliveryId, isId } from '../ids.ts';
import { CONTACT_WAYS } from '../problems.ts';
import { DEEDS } from '../refusals.ts';
import { DECLINE_REASONS, DUTIES, END_CODES, FAULTS } from '../states.ts';
import { FieldCheck, isObject } from './field-check.ts';
import type { ActMessage, ClientMessage, LatLon, SubMessage, WireDeed } from './messages.ts';
import { WIRE_LIMITS } from './messages.ts';

const SAFE = Number.MAX_SAFE_INTEGER;
/** An H3 index of resolution 6: fifteen hexadecimal digits, `86` first, its unused digits all ones. */
const VIEW_CELL = /^86[0-9a-f]{6}[7f]f{6}$/;

export type Reading =
  | { readonly ok: true; readonly message: ClientMessage }
  /** Not JSON, not an object or of an unknown type: nothing in it can be answered. */
  | { readonly ok: false; readonly malformed: string }
  | {
      readonly ok: false;
      readonly malformed: null;
      readonly of: string;
      readonly fields: readonly FieldProblem[];
      readonly action?: number;
      readonly id?: string;
    };

/** Reads one text frame. */
export function readClientMessage(text: string): Reading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, malformed: 'not JSON' };
  }
  if (!isObject(value) || typeof value.t !== 'string') {
    return { ok: false, malformed: 'not an object with a type `t`' };
  }
  const check = new FieldCheck(value);
  const message = readByType(value.t, check);
  if (!message) return { ok: false, malformed: 'unknown message type' };
  if (check.isGood) return { ok: true, message };
  return {
    ok: false,
    malformed: null,
    of: value.t,
    fields: check.problems,
    ...(Number.isSafeInteger(value.action) ? { action: value.action as number } : {}),
    ...(typeof value.id === 'string' ? { id: value.id.slice(0, 64) } : {}),
  };
}

function readByType(type: string, check: FieldCheck): ClientMessage | null {
  switch (type) {
    case 'hello':
      return readHello(check);
    case 'reauth':
      return { t: 'reauth', token: check.text('token', WIRE_LIMITS.tokenCharsMax) };
    case 'sub':
      return readSub(check);
    case 'unsub':
      return { t: 'unsub', channel: channel(check), id: check.id('id', 'delivery') };
    case 'view':
      return {
        t: 'view',
        cells: check.list('cells', WIRE_LIMITS.cellsMax, viewCell),
        nodes: check.has('nodes') && check.flag('nodes'),
      };
    case 'act':
      return readAct(check);
    case 'ack':
      return { t: 'ack', view: check.integer('view', 0, SAFE) };
    case 'ping':
      return { t: 'ping' };
    default:
      return null;
  }
}

function channel(check: FieldCheck): 'delivery' {
  return check.choice('channel', ['delivery']);
}

function viewCell(value: unknown): string | undefined {
  return typeof value === 'string' && VIEW_CELL.test(value) ? value : undefined;
}

function deliveryId(value: unknown): DeliveryId | undefined {
  return isId('delivery', value) ? value : undefined;
}

function readHello(check: FieldCheck): ClientMessage {
  const token = check.text('token', WIRE_LIMITS.tokenCharsMax);
  const app = check.text('app', 64);
  const platform = check.text('platform', 64);
  return {
    t: 'hello',
    token,
    app,
    platform,
    ...(check.has('deviceMs') ? { deviceMs: check.number('deviceMs', -SAFE, SAFE) } : {}),
    ...(check.has('holds') ? { holds: check.list('holds', WIRE_LIMITS.holdsMax, deliveryId) } : {}),
    ...(check.has('lastAction') ? { lastAction: check.integer('lastAction', 0, SAFE) } : {}),
  };
}

function readSub(check: FieldCheck): SubMessage {
  const since = check.has('since')
    ? check.inside('since', (inner) => ({
        epoch: inner.integer('epoch', 0, SAFE),
        seq: inner.integer('seq', 0, SAFE),
      }))
    : undefined;
  return {
    t: 'sub',
    channel: channel(check),
    id: check.id('id', 'delivery'),
    ...(check.has('token') ? { token: check.text('token', WIRE_LIMITS.tokenCharsMax) } : {}),
    ...(since ? { since } : {}),
  };
}

/** Reads an ACT; also the body of its HTTP twin. */
export function readAct(check: FieldCheck): ActMessage {
  const action = check.integer('action', 1, SAFE);
  const deviceMs = check.number('deviceMs', -SAFE, SAFE);
  const planVersion = check.has('planVersion') ? check.integer('planVersion', 0, SAFE) : undefined;
  const deed = check.inside('deed', readDeed) ?? { kind: 'duty', duty: 'off' };
  return {
    t: 'act',
    action,
    deed,
    deviceMs,
    ...(planVersion === undefined ? {} : { planVersion }),
  };
}

function readDeed(check: FieldCheck): WireDeed {
  const kind = check.choice('kind', DEEDS);
  switch (kind) {
    case 'duty':
      return {
        kind,
        duty: check.choice('duty', DUTIES),
        ...(check.has('vehicle') ? { vehicle: check.id('vehicle', 'vehicle') } : {}),
        ...(check.has('at') ? { at: check.inside('at', readLatLon) ?? { lat: 0, lon: 0 } } : {}),
      };
    case 'accept':
      return { kind, offer: check.id('offer', 'offer') };
    case 'decline':
      return {
        kind,
        offer: check.id('offer', 'offer'),
        reason: check.choice('reason', DECLINE_REASONS),
      };
    case 'arrived':
      return {
        kind,
        delivery: check.id('delivery', 'delivery'),
        ...(check.has('stop') ? { stop: check.id('stop', 'stop') } : {}),
      };
    case 'undeliverable':
      return {
        kind,
        delivery: check.id('delivery', 'delivery'),
        code: check.choice('code', END_CODES),
        fault: check.choice('fault', FAULTS),
      };
    case 'unreachable':
      return {
        kind,
        delivery: check.id('delivery', 'delivery'),
        ...(check.has('tried') ? { tried: check.choice('tried', CONTACT_WAYS) } : {}),
      };
    case 'give_back':
      return {
        kind,
        delivery: check.id('delivery', 'delivery'),
        reason: check.text('reason', WIRE_LIMITS.textCharsMax),
      };
    default:
      return { kind, delivery: check.id('delivery', 'delivery') };
  }
}

/** Degrees, finite and in range. */
export function readLatLon(check: FieldCheck): LatLon {
  return { lat: check.number('lat', -90, 90), lon: check.number('lon', -180, 180) };
}
