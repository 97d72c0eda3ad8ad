/**
 * What `notifications` is asked for by stream. A request holds neither an address nor a secret: who
 * carries it out asks `users.message({ id })`, which tells both and makes the secret in that moment.
 */
import type { MessageId, UserId } from '../ids.ts';

export const NOTIFICATION_REQUESTS = 'requests:notifications';

export const MESSAGE_TEMPLATES = [
  'password_reset',
  'password_changed',
  'invitation',
  'email_verification',
  'email_changed',
  'phone_verification',
] as const;
export type MessageTemplate = (typeof MESSAGE_TEMPLATES)[number];

/** Tell a person something. Asking for the message again makes a new secret; only the last works. */
export interface MessageWanted {
  readonly type: 'message.wanted';
  readonly message: MessageId;
  readonly user: UserId;
  readonly template: MessageTemplate;
  /** Wall ms; afterwards there is nothing to send any more. */
  readonly expiresMs: number;
}

export type NotificationAsked = MessageWanted;

/** The answer of `users.message`; `resource.not_found` once used, replaced or expired. */
export interface MessageContent {
  readonly message: MessageId;
  readonly template: MessageTemplate;
  readonly channel: 'email' | 'phone';
  readonly to: string;
  readonly name: string;
  /** A token for a link or a short code to type; null: none is needed. */
  readonly secret: string | null;
  /** Wall ms. */
  readonly expiresMs: number;
}
