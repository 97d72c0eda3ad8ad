/** Appends envelopes to mailboxes through the checking script. Stateless. */
import type { Redis } from 'ioredis';
import type { Envelope } from '../../contracts/commands.ts';
import { MAILBOX_RESERVE_PART } from '../runtime/limits.ts';
import { waitsInOutbox } from '../runtime/mailbox-class.ts';
import type { AppendOutcome } from '../runtime/ports.ts';
import type { Keys } from './keys.ts';
import { APPEND_CODES } from './result-codes.ts';
import type { Scripts } from './scripts.ts';
import { asNumbers } from './scripts.ts';

export interface MailboxBounds {
  readonly mailboxMax: number;
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
    const { mailboxMax, logBytesMax } = this.bounds;
    const args: (string | number)[] = [
      mailboxMax,
      Math.floor(mailboxMax / MAILBOX_RESERVE_PART),
      logBytesMax,
    ];
    envelopes.forEach((envelope, i) => {
      args.push(waitsInOutbox(envelope.command) ? 'w' : 'r', envelope.zone, texts[i] ?? '');
    });
    const keys = [this.keys.mailbox(shard), this.keys.head(shard)];
    const codes = asNumbers(await this.scripts.run(client, 'append-2', keys, args));
    return codes.map((code) => (code === 1 ? APPEND_CODES[1] : APPEND_CODES[0]));
  }
}
