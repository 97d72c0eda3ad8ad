/**
 * Entries that no zone may step, however they came into the mailbox: they cannot be read, or would make
 * every later decision nonsense. They are set aside with the reason.
 */
import { configProblems } from '../../contracts/zone-check.ts';
import type { MailboxEntry } from './ports.ts';

/** Why an entry is unfit; undefined: it may be stepped. */
export function unfitReason({ envelope, problem }: MailboxEntry): string | undefined {
  if (envelope === null) return problem ?? 'unreadable';
  if (envelope.command.type !== 'zone.open') return undefined;
  const [first] = configProblems(envelope.command.config);
  return first ? `${first.field}: expected ${first.expected}` : undefined;
}
