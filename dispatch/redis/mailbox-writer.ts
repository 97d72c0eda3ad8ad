/** Appends envelopes to mailboxes through the checking script. Stateless. */
import type { Redis } from 'ioredis';
import type { Envelope } from '../../contracts/commands.ts';
import { LOG_BYTES_MAX, MAILBOX_MAX, MAILBOX_RESERVE_PART } from '../runtime/limits.ts';
import { waitsInOutbox } from '../runtime/mailbox-class.ts';
import type { AppendOutcome } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';
import { APPEND_CODES } from './result-codes.ts';
import type { Scripts } from './scripts.ts';
import { asNumbers } from './scripts.ts';

export interface MailboxBounds {
  readonly mailboxMax: number;
  /** Places on top of it for whatever does not wait in an outbox. */
  readonly mailboxReserve: number;
  readonly logBytesMax: number;
}

export class MailboxWriter {
  private readonly scripts: Scripts;
  private readonly keys: Keys;
  private readonly bounds: MailboxBounds;

  constructor(scripts: Scripts, keys: Keys, bounds: MailboxBounds) {
    this.scripts = scripts;
    this.keys = keys;
    this.bounds = bounds;
  }

  /** `texts`: the JSON of each envelope. */
  async append(
    client: Redis,
    shard: number,
    envelopes: readonly Envelope[],
    texts: readonly string[],
  ): Promise<readonly AppendOutcome[]> {
    const { mailboxMax, mailboxReserve, logBytesMax } = this.bounds;
    const args: (string | number)[] = [mailboxMax, mailboxReserve, logBytesMax];
    envelopes.forEach((envelope, i) => {
      args.push(waitsInOutbox(envelope.command) ? 'w' : 'r', envelope.zone, texts[i] ?? '');
    });
    const keys = [this.keys.mailbox(shard), this.keys.head(shard)];
    const codes = asNumbers(await this.scripts.run(client, 'append-2', keys, args));
    return codes.map((code) => (code === 1 ? APPEND_CODES[1] : APPEND_CODES[0]));
  }
}

/** Bounds as configured, with the runtime's own where nothing is. */
export function mailboxBounds(given: Partial<MailboxBounds>): MailboxBounds {
  const mailboxMax = given.mailboxMax ?? MAILBOX_MAX;
  return {
    mailboxMax,
    mailboxReserve: given.mailboxReserve ?? Math.floor(mailboxMax / MAILBOX_RESERVE_PART),
    logBytesMax: given.logBytesMax ?? LOG_BYTES_MAX,
  };
}
