/** Owns the part of notifications in a test: reads what is asked for and fetches what it says. */
import { Redis } from 'ioredis';
import {
  type MessageContent,
  type MessageTemplate,
  type MessageWanted,
  NOTIFICATION_REQUESTS,
} from '../../contracts/messages/notifications.ts';
import { cleanUpInReverse, type Scope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Stack } from './business-stack.ts';

export interface Mailbox {
  /** Everything asked for so far, as it stands in the stream. */
  wanted(): Promise<MessageWanted[]>;
  /** Waits for the newest message of a kind to an address or number, beyond those before. */
  receive(to: string, template: MessageTemplate): Promise<MessageContent>;
}

export function openMailbox(scope: Scope, stack: Stack): Mailbox {
  const { url, keyPrefix } = stack.config.redis;
  const redis = new Redis(url);
  cleanUpInReverse(scope, () => redis.disconnect());
  const seen = new Set<string>();
  const wanted = async (): Promise<MessageWanted[]> => {
    const entries = await redis.xrange(`${keyPrefix}${NOTIFICATION_REQUESTS}`, '-', '+');
    return entries.map(([, [, text = '']]) => (JSON.parse(text) as { event: MessageWanted }).event);
  };
  return {
    wanted,
    receive: (to, template) =>
      waitFor(
        async () => {
          for (const event of await wanted()) {
            if (event.template !== template || seen.has(event.message)) continue;
            const content = await stack
              .system<MessageContent>('users.message', { id: event.message })
              .catch(() => undefined);
            if (content?.to !== to) continue;
            seen.add(event.message);
            return content;
          }
          return undefined;
        },
        { what: `${template} to ${to}` },
      ),
  };
}
