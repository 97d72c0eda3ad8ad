/** What is to happen at a virtual time, in order of time, then of planning. */
interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Agenda {
  private readonly heap: Planned[] = [];
  private planned = 0;
  nowMs: number;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  in(delayMs: number, run: () => void): void {
    this.push({ atMs: this.nowMs + delayMs, order: this.planned++, run });
  }

  /** Runs everything planned up to this time. */
  runUntil(atMs: number): void {
    for (let next = this.heap[0]; next && next.atMs <= atMs; next = this.heap[0]) {
      this.pop();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = atMs;
  }

  private isBefore(a: number, b: number): boolean {
    const [one, two] = [this.heap[a], this.heap[b]];
    if (!one || !two) return false;
    return one.atMs < two.atMs || (one.atMs === two.atMs && one.order < two.order);
  }

  private swap(a: number, b: number): void {
    const [one, two] = [this.heap[a], this.heap[b]];
    if (!one || !two) return;
    this.heap[a] = two;
    this.heap[b] = one;
  }

  private push(item: Planned): void {
    this.heap.push(item);
    let at = this.heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private pop(): void {
    const last = this.heap.pop();
    if (!last || this.heap.length === 0) return;
    this.heap[0] = last;
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (this.isBefore(child, least)) least = child;
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }
}
