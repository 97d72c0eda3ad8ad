/**
 * The state of the learned model as columns of numbers in small pages. A page is copied before the
 * first write after a `freeze`, so a frozen copy costs references only and never changes; a page
 * nobody wrote to is one shared page of zeros and takes no memory. All that the model remembers lives
 * in columns made here; whatever does not is derived or scratch. Bytes are little-endian, as every
 * machine that runs Node is.
 */
import { LEARNED_STATE_VERSION } from './learned-shape.ts';

type Numbers = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;
type Kind<T> = new (length: number) => T;

/** A page holds as many rows as fit into this, at least one. Small, for rows are touched at random. */
const PAGE_BYTES = 1_024;
/** Raw bytes after which a chunk ends: with its last page, as base64, it stays below 64 KiB. */
const CHUNK_BYTES = 28_000;
/** Stands first, in place of a column, before the version. */
const VERSION_MARK = -1;

/** Pages that follow each other in a column: its index, the first page, their bytes as base64. */
export type PageRun = readonly [column: number, page: number, bytes: string];

/** One column: `rows` rows of `width` numbers. */
export class Column<T extends Numbers = Numbers> {
  readonly bytesMax: number;
  readonly pageBytes: number;
  /** Pages that were ever written to. */
  held = 0;
  private readonly owner: Columns;
  private readonly width: number;
  private readonly shift: number;
  private readonly mask: number;
  private readonly empty: T;
  private readonly pages: T[];
  /** Per page the freeze that it was last copied after; 0: never written. */
  private readonly ownedSince: Uint32Array;

  constructor(owner: Columns, kind: Kind<T>, rows: number, width: number) {
    this.owner = owner;
    this.width = width;
    const rowBytes = new kind(width).byteLength;
    let shift = 0;
    while (rowBytes << (shift + 1) <= PAGE_BYTES && 1 << shift < rows) shift++;
    this.shift = shift;
    this.mask = (1 << shift) - 1;
    const count = Math.ceil(rows / (1 << shift));
    this.empty = new kind(width << shift);
    this.pageBytes = this.empty.byteLength;
    this.bytesMax = count * this.pageBytes;
    this.pages = new Array<T>(count).fill(this.empty);
    this.ownedSince = new Uint32Array(count);
  }

  /** The page that holds a row, to read; the row begins at `at(row)`. */
  read(row: number): T {
    return this.pages[row >> this.shift] as T;
  }

  /** The page that holds a row, to write to before the next freeze. */
  write(row: number): T {
    return this.own(row >> this.shift);
  }

  at(row: number): number {
    return (row & this.mask) * this.width;
  }

  /** The pages as they are now; nobody writes to them once `Columns.freeze` has counted on. */
  frozen(): FrozenColumn {
    return { pages: this.pages.slice(), empty: this.empty };
  }

  /** Takes bytes of following pages back. Throws Error when they do not fit. */
  restore(first: number, bytes: Uint8Array): void {
    const count = bytes.length / this.pageBytes;
    if (!Number.isInteger(count) || first < 0 || first + count > this.pages.length) {
      throw new Error('learned travel time: pages of another size or place');
    }
    for (let n = 0; n < count; n++) {
      const from = n * this.pageBytes;
      bytesOf(this.own(first + n)).set(bytes.subarray(from, from + this.pageBytes));
    }
  }

  private own(page: number): T {
    const { cut } = this.owner;
    if (this.ownedSince[page] === cut) return this.pages[page] as T;
    if (this.ownedSince[page] === 0) this.held++;
    this.ownedSince[page] = cut;
    const own = (this.pages[page] as T).slice() as T;
    this.pages[page] = own;
    return own;
  }
}

interface FrozenColumn {
  readonly pages: readonly Numbers[];
  readonly empty: Numbers;
}

/** A copy of all columns that never changes. */
export type FrozenColumns = readonly FrozenColumn[];

export class Columns {
  /** Counts the freezes; pages owned before must be copied before they are written to. */
  cut = 1;
  private readonly all: Column[] = [];

  add<T extends Numbers>(kind: Kind<T>, rows: number, width = 1): Column<T> {
    const column = new Column(this, kind, rows, width);
    this.all.push(column as unknown as Column);
    return column;
  }

  /** Bytes of the pages that were ever written to. */
  get bytes(): number {
    return this.all.reduce((sum, { held, pageBytes }) => sum + held * pageBytes, 0);
  }

  /** What `bytes` never exceeds. */
  get bytesMax(): number {
    return this.all.reduce((sum, { bytesMax }) => sum + bytesMax, 0);
  }

  /** A copy of references, some ten thousand at most. */
  freeze(): FrozenColumns {
    this.cut++;
    return this.all.map((column) => column.frozen());
  }

  /**
   * Takes the runs of `encodeColumns` in. False: they are of another version, and nothing was taken.
   * Throws Error on runs that do not fit; whoever catches it must drop the model.
   */
  restore(runs: Iterable<PageRun>): boolean {
    for (const [column, page, bytes] of runs) {
      if (column === VERSION_MARK) {
        if (page !== LEARNED_STATE_VERSION) return false;
        continue;
      }
      const target = this.all[column];
      if (!target) throw new Error('learned travel time: a column too many');
      target.restore(page, Buffer.from(bytes, 'base64'));
    }
    return true;
  }
}

/** The copy as lists of runs of at most 64 KiB; each step of the generator makes one. */
export function* encodeColumns(columns: FrozenColumns): Generator<PageRun[]> {
  let runs: PageRun[] = [[VERSION_MARK, LEARNED_STATE_VERSION, '']];
  let room = CHUNK_BYTES;
  for (const [index, { pages, empty }] of columns.entries()) {
    for (let page = 0; page < pages.length; page++) {
      if (pages[page] === empty) continue;
      const first = page;
      while (room > 0 && page < pages.length && pages[page] !== empty) {
        room -= empty.byteLength;
        page++;
      }
      runs.push([index, first, textOf(pages.slice(first, page))]);
      page--;
      if (room > 0) continue;
      yield runs;
      runs = [];
      room = CHUNK_BYTES;
    }
  }
  if (runs.length > 0) yield runs;
}

function textOf(pages: readonly Numbers[]): string {
  return Buffer.concat(pages.map(bytesOf)).toString('base64');
}

function bytesOf(page: Numbers): Uint8Array {
  return new Uint8Array(page.buffer, page.byteOffset, page.byteLength);
}
