/**
 * Entries that no zone may step, however they came into the mailbox: they cannot be read, or would make
 * every later decision nonsense. They are set aside with the reason.
 */
import { configProblems } from '../../contracts/zone-check.ts';
import type { MailboxEntry } from './ports.ts';

/** Why an entry is unfit; null: it may be stepped. */
export function unfitReason({ envelope, problem }: MailboxEntry): string | null {
  if (envelope === null) return problem ?? 'unreadable';
  if (envelope.command.type !== 'zone.open') return null;
  const [first] = configProblems(envelope.command.config);
  return first ? `${first.field}: expected ${first.expected}` : null;
}
