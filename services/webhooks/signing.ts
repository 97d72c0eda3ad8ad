/** Signs what is sent, so that its receiver knows that it is ours and fresh. Pure but for `newSecret`. */
import { createHmac, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** A fresh secret of a webhook. */
export function newSecret(): string {
  return `whs_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

/** The signature header: one v1 per secret that is good now. */
export function signatureOf(secrets: readonly string[], atMs: number, body: string): string {
  const seconds = Math.floor(atMs / 1000);
  const parts = secrets.map((secret) => {
    const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    return `v1=${mac}`;
  });
  return [`t=${seconds}`, ...parts].join(',');
}
