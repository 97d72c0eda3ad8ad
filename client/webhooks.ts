/**
 * Checks that a webhook is from Waggle, whole and fresh. For the receiver's server; needs nothing but
 * WebCrypto, whose comparison takes the same time for every wrong signature.
 */
import type { WebhookBody } from '../contracts/webhooks.ts';

/** How old, or how far ahead, a signature may be. */
const TOLERANCE_SECONDS = 300;
/** Signatures looked at in one header. */
const SIGNATURES_MAX = 8;

export interface WebhookCheck {
  /** The very bytes that came, before any parsing. */
  readonly body: string | Uint8Array;
  /** The header `Waggle-Signature`. */
  readonly signature: string | null | undefined;
  readonly secret: string;
  /** Default 300. */
  readonly toleranceSeconds?: number;
  /** Unix ms; default: now. */
  readonly nowMs?: number;
}

export type WebhookRefusal = 'missing' | 'malformed' | 'too_old' | 'wrong';

/** The webhook is not to be believed; answer 400. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly code: WebhookRefusal;

  constructor(code: WebhookRefusal) {
    super(`webhook signature: ${code}`);
    this.code = code;
  }
}

/** The event in a webhook. Rejects with WebhookError when it is not ours, changed, or too old. */
export async function readWebhook(check: WebhookCheck): Promise<WebhookBody> {
  const { signature, secret, toleranceSeconds = TOLERANCE_SECONDS, nowMs = Date.now() } = check;
  if (!signature) throw new WebhookError('missing');
  const { seconds, macs } = parse(signature);
  const encoder = new TextEncoder();
  const body = typeof check.body === 'string' ? encoder.encode(check.body) : check.body;
  const head = encoder.encode(`${seconds}.`);
  const signed = new Uint8Array(head.length + body.length);
  signed.set(head);
  signed.set(body, head.length);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' } as const;
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, [
    'verify',
  ]);
  let isOurs = false;
  for (const mac of macs) {
    if (await crypto.subtle.verify('HMAC', key, mac, signed)) isOurs = true;
  }
  if (!isOurs) throw new WebhookError('wrong');
  // Looked at last: a wrong signature learns nothing about clocks.
  if (Math.abs(nowMs / 1000 - seconds) > toleranceSeconds) throw new WebhookError('too_old');
  return JSON.parse(new TextDecoder().decode(body)) as WebhookBody;
}

function parse(header: string): { seconds: number; macs: Uint8Array<ArrayBuffer>[] } {
  const parts = header.split(',', SIGNATURES_MAX + 1).map((part) => part.trim());
  const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? '';
  const macs = parts.filter((part) => /^v1=[0-9a-f]{64}$/.test(part)).map((part) => part.slice(3));
  if (!/^\d{1,12}$/.test(time) || macs.length === 0) throw new WebhookError('malformed');
  return { seconds: Number(time), macs: macs.map(bytesOf) };
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}
