/**
 * Sparse minimum-cost assignment: each row takes at most one column, a column serves at most one row,
 * and a row may stay out at its own cost. Successive shortest augmenting paths with potentials
 * (Jonker & Volgenant 1987; the sparse form as in Ahuja, Magnanti & Orlin, Network Flows, §12.4).
 * Ties go to the lower column, so equal inputs give equal answers.
 */

/** One possible pair. Costs are integers. */
export interface Arc {
  readonly column: number;
  readonly cost: number;
}

/**
 * Solves the assignment.
 * @param arcs per row its possible columns, in any order
 * @param stayOut per row the cost of no column
 * @param columns how many columns there are
 * @returns per row the column, or -1
 */
export function assign(
  arcs: readonly (readonly Arc[])[],
  stayOut: readonly number[],
  columns: number,
): Int32Array {
  const rows = arcs.length;
  // Every row gets a private extra column that means "stays out".
  const width = columns + rows;
  const rowOf = new Int32Array(width).fill(-1);
  const columnOf = new Int32Array(rows).fill(-1);
  const potential = new Float64Array(width);
  const distance = new Float64Array(width);
  const cameFrom = new Int32Array(width);
  const stamp = new Int32Array(width).fill(-1);
  const done = new Int32Array(width).fill(-1);
  const heap = new ColumnHeap(distance);
  for (let start = 0; start < rows; start++) {
    heap.clear();
    const settled: number[] = [];
    let row = start;
    let base = 0;
    let end = -1;
    while (end < 0) {
      // Reduced cost of leaving `row`: its own matched arc has reduced cost zero.
      const own = columnOf[row] as number;
      const ownCost = own < 0 ? 0 : costOfArc(arcs, stayOut, columns, row, own);
      const offset = own < 0 ? 0 : ownCost - (potential[own] as number);
      const relax = (column: number, cost: number) => {
        if (done[column] === start) return;
        const reach = base + (cost - (potential[column] as number)) - offset;
        if (stamp[column] === start && reach >= (distance[column] as number)) return;
        stamp[column] = start;
        distance[column] = reach;
        cameFrom[column] = row;
        heap.push(column);
      };
      for (const arc of arcs[row] ?? []) relax(arc.column, arc.cost);
      relax(columns + row, stayOut[row] ?? 0);
      let next = heap.pop();
      while (next >= 0 && done[next] === start) next = heap.pop();
      if (next < 0) throw new Error('assignment: a row has no way out');
      done[next] = start;
      settled.push(next);
      base = distance[next] as number;
      if ((rowOf[next] as number) < 0) end = next;
      else row = rowOf[next] as number;
    }
    for (const column of settled) {
      potential[column] = (potential[column] as number) + (distance[column] as number) - base;
    }
    for (let column = end; column >= 0; ) {
      const taker = cameFrom[column] as number;
      const before = columnOf[taker] as number;
      columnOf[taker] = column;
      rowOf[column] = taker;
      column = taker === start ? -1 : before;
    }
  }
  return columnOf.map((column) => (column >= columns ? -1 : column));
}

function costOfArc(
  arcs: readonly (readonly Arc[])[],
  stayOut: readonly number[],
  columns: number,
  row: number,
  column: number,
): number {
  if (column >= columns) return stayOut[row] ?? 0;
  for (const arc of arcs[row] ?? []) if (arc.column === column) return arc.cost;
  throw new Error('assignment: matched arc is missing');
}

/** A binary heap of columns by (distance, column), with duplicates allowed. */
class ColumnHeap {
  private readonly keys: number[] = [];
  private readonly columns: number[] = [];
  private readonly distance: Float64Array;

  constructor(distance: Float64Array) {
    this.distance = distance;
  }

  clear(): void {
    this.keys.length = 0;
    this.columns.length = 0;
  }

  push(column: number): void {
    const key = this.distance[column] as number;
    let at = this.keys.push(key) - 1;
    this.columns.push(column);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(key, column, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.keys[at] = key;
    this.columns[at] = column;
  }

  /** The nearest column, or -1 when empty. */
  pop(): number {
    const top = this.columns[0];
    const lastKey = this.keys.pop();
    const last = this.columns.pop();
    if (top === undefined || lastKey === undefined || last === undefined) return -1;
    const size = this.keys.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (
        child + 1 < size &&
        this.before(this.keys[child + 1] as number, this.columns[child + 1] as number, child)
      )
        child++;
      if (
        !this.before(this.keys[child] as number, this.columns[child] as number, -1, lastKey, last)
      )
        break;
      this.move(child, at);
      at = child;
    }
    this.keys[at] = lastKey;
    this.columns[at] = last;
    return top;
  }

  private before(
    key: number,
    column: number,
    at: number,
    otherKey?: number,
    other?: number,
  ): boolean {
    const k = otherKey ?? (this.keys[at] as number);
    const c = other ?? (this.columns[at] as number);
    return key < k || (key === k && column < c);
  }

  private move(from: number, to: number): void {
    this.keys[to] = this.keys[from] as number;
    this.columns[to] = this.columns[from] as number;
  }
}
