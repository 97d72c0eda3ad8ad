/** Owns the best few of many, in order: a short sorted list that most newcomers do not enter. */

/** Whether a document comes before another of the same key. */
export type IsBefore = (document: number, other: number) => boolean;

export class Best {
  readonly documents: number[] = [];
  readonly keys: number[] = [];
  private readonly limit: number;
  private readonly isBefore: IsBefore;
  private worst = Number.POSITIVE_INFINITY;

  constructor(limit: number, isBefore: IsBefore) {
    this.limit = limit;
    this.isBefore = isBefore;
  }

  /** Takes it if it is among the best so far; the smallest key is best. */
  offer(key: number, document: number): void {
    if (key > this.worst) return;
    let at = this.keys.length;
    while (at > 0 && this.isAhead(key, document, at - 1)) at--;
    if (at === this.limit) return;
    this.keys.splice(at, 0, key);
    this.documents.splice(at, 0, document);
    if (this.keys.length > this.limit) {
      this.keys.pop();
      this.documents.pop();
    }
    if (this.keys.length === this.limit) this.worst = this.keys[this.limit - 1] as number;
  }

  private isAhead(key: number, document: number, at: number): boolean {
    const there = this.keys[at] as number;
    return key < there || (key === there && this.isBefore(document, this.documents[at] as number));
  }
}
