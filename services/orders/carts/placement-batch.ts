/**
 * Group commit: placements that arrive while others are being committed wait for each other and go
 * into one transaction. Under no load each goes alone and at once; under load a commit is shared by
 * many. One transaction at a time: the next sees what the last one wrote, so the fraud rules count
 * right. Owns the queue; what is written and with which outcome is `placement-writing.ts`.
 */
import { WaggleError } from '../../../contracts/errors.ts';
import type { Database, Transaction } from '../../../platform/database.ts';
import { translateDatabaseError } from '../../../platform/database-errors.ts';
import type { Placement, PlacementOutcome } from './placement-writing.ts';

/** Placements in one transaction. */
const BATCH_MAX = 250;
/** Full: refused as unavailable, to be sent again. */
const WAITING_MAX = 2_000;

export type WriteBatch = (
  trx: Transaction,
  placements: readonly Placement[],
) => Promise<readonly PlacementOutcome[]>;

interface Waiting {
  readonly placement: Placement;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class PlacementBatch {
  readonly #database: Pick<Database, 'transaction'>;
  readonly #write: WriteBatch;
  readonly #afterwards: () => void;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(
    database: Pick<Database, 'transaction'>,
    write: WriteBatch,
    afterwards: () => void = () => {},
  ) {
    this.#database = database;
    this.#write = write;
    this.#afterwards = afterwards;
  }

  /** Resolves with the answer once it is committed; a repeat of its key gets the first answer. */
  place(placement: Placement): Promise<unknown> {
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new WaggleError('service.unavailable', 'too many orders at once'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ placement, resolve, reject });
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#isWriting || this.#waiting.length === 0) return;
    this.#isWriting = true;
    void this.#run(this.#take());
  }

  /** The first that wait, each key once: the same key goes into the next batch. */
  #take(): Waiting[] {
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    const names = new Set<string>();
    for (const each of this.#waiting) {
      const name = nameOf(each.placement);
      if (batch.length === BATCH_MAX || names.has(name)) rest.push(each);
      else batch.push(each);
      names.add(name);
    }
    this.#waiting = rest;
    return batch;
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#settle(batch);
    } finally {
      this.#isWriting = false;
      this.#afterwards();
      this.#pump();
    }
  }

  async #settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const placements = batch.map(({ placement }) => placement);
      const outcomes = await this.#database.transaction((trx) => this.#write(trx, placements));
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome?.error === undefined) resolve(outcome?.answer);
        else reject(outcome.error);
      });
    } catch (error) {
      const known = translateDatabaseError(error);
      const isAway = known instanceof WaggleError && known.code === 'service.unavailable';
      if (batch.length === 1 || isAway) {
        for (const { reject } of batch) reject(error);
        return;
      }
      // One of them cannot be written: alone, only that one fails.
      for (const each of batch) await this.#settle([each]);
    }
  }
}

function nameOf({ owner, key }: Placement): string {
  return `${owner} ${key}`;
}
