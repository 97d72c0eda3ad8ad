/**
 * What falls due when, as a binary heap of (zone ms, kind, id). Derived from the records: an entry is
 * a hint to look at a record again, so stale entries are harmless and order among equals is irrelevant
 * (the timer step sorts what is due before it decides).
 */
export type DueKind = 'control' | 'delivery' | 'driver' | 'exception' | 'offer' | 'tombstones';

export interface Due {
  readonly atMs: number;
  readonly kind: DueKind;
  readonly id: string;
}

export class Agenda {
  private readonly heap: Due[] = [];

  /** Zone time of the earliest entry; Infinity when there is none. */
  get nextMs(): number {
    return this.heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.heap.length;
  }

  add(atMs: number, kind: DueKind, id: string): void {
    if (!Number.isFinite(atMs)) return;
    const { heap } = this;
    const due: Due = { atMs, kind, id };
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Due;
      if (above.atMs <= atMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  /** Takes every entry due at `atMs`, each (kind, id) once, sorted by kind and id. */
  take(atMs: number): Due[] {
    const taken = new Map<string, Due>();
    while (this.nextMs <= atMs) {
      const due = this.pop();
      taken.set(`${due.kind} ${due.id}`, due);
    }
    return [...taken.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, due]) => due);
  }

  clear(): void {
    this.heap.length = 0;
  }

  private pop(): Due {
    const { heap } = this;
    const top = heap[0] as Due;
    const last = heap.pop() as Due;
    const size = heap.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && (heap[child + 1] as Due).atMs < (heap[child] as Due).atMs) child++;
      const below = heap[child] as Due;
      if (below.atMs >= last.atMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
