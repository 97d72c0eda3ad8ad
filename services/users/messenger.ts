/**
 * The port through which people are told something, and its only adapter: a row here, and a request
 * to notifications that names it. Neither holds a secret; that is made when the message is asked for.
 */
import { createHmac, randomInt } from 'node:crypto';
import { newId, type UserId } from '../../contracts/ids.ts';
import {
  type MessageContent,
  type MessageTemplate,
  type MessageWanted,
  NOTIFICATION_REQUESTS,
} from '../../contracts/messages/notifications.ts';
import { hashSecret, newSecret } from '../../platform/auth/secrets.ts';
import type { Transaction } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import * as queries from './message-queries.ts';

export interface NewMessage {
  readonly user: UserId;
  readonly template: MessageTemplate;
  readonly recipient: string;
  readonly correlation?: string | undefined;
}

export interface Messenger {
  /** Tells people, once the transaction commits. What is asked for anew ends what came before. */
  send(trx: Transaction, messages: readonly NewMessage[]): Promise<void>;
}

type Secret = 'token' | 'code' | 'none';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** By template: what secret it carries, over which channel, and for how long, wall ms. */
export const TEMPLATES: Readonly<
  Record<
    MessageTemplate,
    {
      readonly secret: Secret;
      readonly channel: MessageContent['channel'];
      readonly ttlMs: number;
    }
  >
> = {
  password_reset: { secret: 'token', channel: 'email', ttlMs: 60 * MINUTE_MS },
  password_changed: { secret: 'none', channel: 'email', ttlMs: DAY_MS },
  invitation: { secret: 'token', channel: 'email', ttlMs: 7 * DAY_MS },
  email_verification: { secret: 'code', channel: 'email', ttlMs: 15 * MINUTE_MS },
  email_changed: { secret: 'none', channel: 'email', ttlMs: DAY_MS },
  phone_verification: { secret: 'code', channel: 'phone', ttlMs: 15 * MINUTE_MS },
};

/** Sends by way of the outbox. `now` gives wall ms. */
export function createMessenger(now: () => number = Date.now): Messenger {
  return {
    async send(trx, messages) {
      const rows = messages.map((message) => {
        const { channel, secret, ttlMs } = TEMPLATES[message.template];
        const id = newId('message');
        return { ...message, id, channel, replaces: secret !== 'none', expiresMs: now() + ttlMs };
      });
      await queries.insertMessages(trx, rows);
      await enqueue(
        trx,
        rows.map(({ id, user, template, expiresMs, correlation }) => ({
          key: user,
          topic: NOTIFICATION_REQUESTS,
          payload: {
            type: 'message.wanted',
            message: id,
            user,
            template,
            expiresMs,
          } satisfies MessageWanted,
          correlation,
        })),
      );
    },
  };
}

export interface MadeSecret {
  readonly secret: string | null;
  readonly hash: string | null;
}

/** Makes the secret of a message and what is stored of it. */
export function makeSecret(template: MessageTemplate, message: string, pepper: string): MadeSecret {
  switch (TEMPLATES[template].secret) {
    case 'none':
      return { secret: null, hash: null };
    case 'token': {
      const secret = newSecret();
      return { secret, hash: hashSecret(secret) };
    }
    case 'code': {
      const secret = String(randomInt(1_000_000)).padStart(6, '0');
      return { secret, hash: hashCode(secret, message, pepper) };
    }
  }
}

/** Six digits are found by trying: without the key that is not in the database the hash is no help. */
export function hashCode(code: string, message: string, pepper: string): string {
  return createHmac('sha256', pepper).update(`${message} ${code}`).digest('base64url');
}
