/**
 * The binary batch a gateway appends to `{sN}:positions` at each flush: one entry per zone, fields
 * `z` (zone id) and `b` (this). Little-endian; a header of 16 bytes (version u8, three reserved,
 * count u32, base f64: host ms UTC), then 32 bytes a position. Reading allocates nothing.
 */
export const BATCH_VERSION = 1;
export const BATCH_HEADER_BYTES = 16;
export const BATCH_RECORD_BYTES = 32;
/** Bound of one entry; a gateway with more flushes several. */
export const BATCH_POSITIONS_MAX = 2048;

/** One position as the zone's index takes it. */
export interface BatchPosition {
  slot: number;
  tenancy: number;
  latE7: number;
  lonE7: number;
  /** Cell key at resolution 9. */
  cell: number;
  /** Host ms UTC of the fix, device time corrected by the measured offset. */
  fixMs: number;
  /** Degrees, 0–359. */
  headingDegrees: number;
  speedCmps: number;
  accuracyMeters: number;
}

const WORD = 0x100000000;

/** Fills one preallocated buffer; `take` hands out a copy of what was written and starts anew. */
export class BatchWriter {
  private readonly bytes = new Uint8Array(
    BATCH_HEADER_BYTES + BATCH_POSITIONS_MAX * BATCH_RECORD_BYTES,
  );
  private readonly view = new DataView(this.bytes.buffer);
  private baseMs = 0;
  count = 0;

  /** Appends a position. Returns false, and writes nothing, when the batch is full. */
  add(position: Readonly<BatchPosition>): boolean {
    if (this.count >= BATCH_POSITIONS_MAX) return false;
    if (this.count === 0) this.baseMs = position.fixMs;
    const { view } = this;
    const at = BATCH_HEADER_BYTES + this.count * BATCH_RECORD_BYTES;
    view.setUint32(at, position.slot, true);
    view.setUint32(at + 4, position.tenancy, true);
    view.setInt32(at + 8, position.latE7, true);
    view.setInt32(at + 12, position.lonE7, true);
    view.setUint32(at + 16, position.cell % WORD, true);
    view.setUint8(at + 20, Math.floor(position.cell / WORD));
    view.setUint8(at + 21, Math.round(position.headingDegrees / 2) % 180);
    view.setUint16(at + 22, Math.min(0xffff, position.speedCmps), true);
    view.setInt32(at + 24, position.fixMs - this.baseMs, true);
    view.setUint16(at + 28, Math.min(0xffff, position.accuracyMeters), true);
    view.setUint16(at + 30, 0, true);
    this.count++;
    return true;
  }

  /** A copy of the batch, ready to send; null when empty. */
  take(): Uint8Array | null {
    if (this.count === 0) return null;
    this.view.setUint8(0, BATCH_VERSION);
    this.view.setUint32(4, this.count, true);
    this.view.setFloat64(8, this.baseMs, true);
    const out = this.bytes.slice(0, BATCH_HEADER_BYTES + this.count * BATCH_RECORD_BYTES);
    this.count = 0;
    return out;
  }
}

/** Walks a batch with one reused record. Throws RangeError on a wrong version or a wrong length. */
export function readBatch(bytes: Uint8Array, each: (position: BatchPosition) => void): number {
  if (bytes.byteLength < BATCH_HEADER_BYTES)
    throw new RangeError('position batch: truncated header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== BATCH_VERSION) throw new RangeError('position batch: unknown version');
  const count = view.getUint32(4, true);
  if (
    count > BATCH_POSITIONS_MAX ||
    bytes.byteLength !== BATCH_HEADER_BYTES + count * BATCH_RECORD_BYTES
  ) {
    throw new RangeError('position batch: length does not match its count');
  }
  const baseMs = view.getFloat64(8, true);
  const position: BatchPosition = {
    slot: 0,
    tenancy: 0,
    latE7: 0,
    lonE7: 0,
    cell: 0,
    fixMs: 0,
    headingDegrees: 0,
    speedCmps: 0,
    accuracyMeters: 0,
  };
  for (let i = 0, at = BATCH_HEADER_BYTES; i < count; i++, at += BATCH_RECORD_BYTES) {
    position.slot = view.getUint32(at, true);
    position.tenancy = view.getUint32(at + 4, true);
    position.latE7 = view.getInt32(at + 8, true);
    position.lonE7 = view.getInt32(at + 12, true);
    position.cell = view.getUint32(at + 16, true) + view.getUint8(at + 20) * WORD;
    position.headingDegrees = view.getUint8(at + 21) * 2;
    position.speedCmps = view.getUint16(at + 22, true);
    position.fixMs = baseMs + view.getInt32(at + 24, true);
    position.accuracyMeters = view.getUint16(at + 28, true);
    each(position);
  }
  return count;
}
