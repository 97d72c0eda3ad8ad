/**
 * What shops receive: the body of a webhook and its headers. Version 1; it only grows. Who receives
 * must ignore fields it does not know, and takes the same `id` twice as once.
 */
import type { DeliveryState, EndReason } from './states.ts';

/** `t=<unix seconds>,v1=<hex of HMAC-SHA256 of "t.body">`; several v1 while secrets rotate. */
export const SIGNATURE_HEADER = 'Waggle-Signature';
export const EVENT_HEADER = 'Waggle-Event';
/** Which try this is, from 1; the body is the same in all of them. */
export const ATTEMPT_HEADER = 'Waggle-Attempt';

export const WEBHOOK_EVENTS = ['delivery.changed'] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

/** A delivery as it was when the event happened. Times are RFC 3339 zone time. */
export interface WebhookDelivery {
  readonly id: string;
  readonly externalId: string;
  readonly state: DeliveryState;
  readonly driver: string | null;
  /** Of an ended one. */
  readonly reason: EndReason | null;
  readonly trackingUrl: string;
  readonly placedAt: string | null;
  readonly readyAt: string | null;
  readonly promiseAt: string | null;
  readonly assignedAt: string | null;
  readonly pickedUpAt: string | null;
  readonly deliveredAt: string | null;
  readonly endedAt: string | null;
}

/** A delivery is in another state, or in other hands. */
export interface DeliveryChangedWebhook {
  readonly version: 1;
  /** The same in every try, and when it is sent again on request. */
  readonly id: string;
  readonly type: 'delivery.changed';
  /** 1, 2, 3… of this delivery at this webhook; a greater number is newer. */
  readonly number: number;
  /** When it happened. */
  readonly at: string;
  readonly delivery: WebhookDelivery;
}

/** Sent on request, to see whether a webhook is received. */
export interface PingWebhook {
  readonly version: 1;
  readonly id: string;
  readonly type: 'ping';
  readonly at: string;
}

export type WebhookBody = DeliveryChangedWebhook | PingWebhook;
