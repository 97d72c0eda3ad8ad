/** Owns the best few of many, in order: a short sorted list that most newcomers do not enter. */

/** Whether a document comes before another of the same key. */
export type IsBefore = (document: number, other: number) => boolean;

export class Best {
  readonly documents: number[] = [];
  readonly keys: number[] = [];
  private readonly limit: number;
  private readonly isBefore: IsBefore;
  /** What has a larger key does not enter any more. */
  worst = Number.POSITIVE_INFINITY;

  constructor(limit: number, isBefore: IsBefore) {
    this.limit = limit;
    this.isBefore = isBefore;
  }

  /** Takes it if it is among the best so far; the smallest key is best. */
  offer(key: number, document: number): void {
    if (key > this.worst) return;
    const { keys, documents, limit } = this;
    let at = keys.length;
    while (at > 0 && this.isAhead(key, document, at - 1)) at--;
    if (at === limit) return;
    // The last one falls out when the list is full.
    const last = Math.min(keys.length, limit - 1);
    for (let n = last; n > at; n--) {
      keys[n] = keys[n - 1] as number;
      documents[n] = documents[n - 1] as number;
    }
    keys[at] = key;
    documents[at] = document;
    if (keys.length === limit) this.worst = keys[limit - 1] as number;
  }

  private isAhead(key: number, document: number, at: number): boolean {
    const there = this.keys[at] as number;
    return key < there || (key === there && this.isBefore(document, this.documents[at] as number));
  }
}
