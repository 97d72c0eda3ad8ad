/**
 * The state of the learned model as named columns of numbers, and their way into a snapshot and
 * back, byte for byte. All that the model remembers lives in columns made here; whatever does not
 * is derived or scratch. Chunks are plain bytes, little-endian as every machine that runs Node is.
 */
import { LEARNED_STATE_VERSION } from './learned-shape.ts';

export type Column = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

/** Bytes in one chunk: small enough to copy between two inputs. */
const CHUNK_BYTES = 65_536;
const MAGIC = 0x45_54_41_00;

export class Columns {
  private readonly all: Column[] = [];

  add<T extends Column>(column: T): T {
    this.all.push(column);
    return column;
  }

  get bytes(): number {
    let bytes = 0;
    for (const column of this.all) bytes += column.byteLength;
    return bytes;
  }

  /** Everything as chunks of at most 64 KiB; each step copies one, so slices stay short. */
  *encode(): Generator<Uint8Array> {
    const head = new Uint32Array([MAGIC + LEARNED_STATE_VERSION, this.bytes]);
    yield new Uint8Array(head.buffer);
    for (const column of this.all) {
      const bytes = bytesOf(column);
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        yield bytes.slice(at, at + CHUNK_BYTES);
      }
    }
  }

  /**
   * Fills the columns from `encode`'s chunks. Throws Error when they are of another layout, and may
   * have filled some columns by then: whoever catches it must drop the model.
   */
  decode(chunks: Iterable<Uint8Array>): void {
    let column = -1;
    let at = 0;
    for (const chunk of chunks) {
      if (column < 0) {
        this.checkHead(chunk);
        column = 0;
        continue;
      }
      const target = this.all[column];
      if (!target || at + chunk.length > target.byteLength) {
        throw new Error('learned travel time: a chunk too many, or of another size');
      }
      bytesOf(target).set(chunk, at);
      at += chunk.length;
      if (at === target.byteLength) {
        column++;
        at = 0;
      }
    }
    if (column !== this.all.length) throw new Error('learned travel time: chunks are missing');
  }

  private checkHead(chunk: Uint8Array): void {
    const [kind, bytes] = chunk.length === 8 ? new Uint32Array(chunk.slice().buffer) : [];
    if (kind !== MAGIC + LEARNED_STATE_VERSION || bytes !== this.bytes) {
      throw new Error('learned travel time: the state is of another version or size');
    }
  }
}

function bytesOf(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
