/**
 * The binary POS frame: where the drivers of watched deliveries are, many updates in one frame,
 * little-endian. A header of 4 bytes (type u8 = 17, count u8, u16 reserved), then 32 bytes each:
 *
 *   0 u32 ref from SUBOK · 4 i32 latE7 · 8 i32 lonE7 · 12 u16 heading (degrees)
 *  14 u8, u8 range around the ETA: whole minutes from the ETA's own minute back to its begin, and on to
 *     its end, each plus one; 0 when there is no range (and from senders that know none)
 *  16 f64 fix, host ms UTC · 24 f64 ETA, zone ms, NaN when there is none
 */
export const POS_BATCH = 17;
export const POS_HEADER_BYTES = 4;
export const POS_RECORD_BYTES = 32;
export const POS_UPDATES_MAX = 255;

export interface PosUpdate {
  readonly ref: number;
  readonly latE7: number;
  readonly lonE7: number;
  readonly heading: number;
  /** Host ms UTC. */
  readonly fixMs: number;
  /** Zone ms. */
  readonly etaMs: number | null;
  /** The range around it, whole minutes of zone time; absent where none is known. */
  readonly etaFromMs?: number;
  readonly etaToMs?: number;
}

const MINUTE_MS = 60_000;

/** Writes one record at `at`. */
export function writePosRecord(view: DataView, at: number, update: PosUpdate): void {
  view.setUint32(at, update.ref, true);
  view.setInt32(at + 4, update.latE7, true);
  view.setInt32(at + 8, update.lonE7, true);
  view.setUint16(at + 12, update.heading, true);
  const [before, after] = rangeBytes(update);
  view.setUint8(at + 14, before);
  view.setUint8(at + 15, after);
  view.setFloat64(at + 16, update.fixMs, true);
  view.setFloat64(at + 24, update.etaMs ?? Number.NaN, true);
}

/** The two bytes of a range; zeros where there is none, or one too wide for them. */
function rangeBytes({ etaMs, etaFromMs, etaToMs }: PosUpdate): readonly [number, number] {
  if (etaMs === null || etaFromMs === undefined || etaToMs === undefined) return [0, 0];
  const before = Math.floor(etaMs / MINUTE_MS) - Math.round(etaFromMs / MINUTE_MS) + 1;
  const after = Math.round(etaToMs / MINUTE_MS) - Math.ceil(etaMs / MINUTE_MS) + 1;
  const fits = before >= 1 && before <= 255 && after >= 1 && after <= 255;
  return fits ? [before, after] : [0, 0];
}

/** The range that two bytes stand for. */
function rangeOf(etaMs: number, before: number, after: number) {
  if (Number.isNaN(etaMs) || before === 0 || after === 0) return {};
  return {
    etaFromMs: (Math.floor(etaMs / MINUTE_MS) - before + 1) * MINUTE_MS,
    etaToMs: (Math.ceil(etaMs / MINUTE_MS) + after - 1) * MINUTE_MS,
  };
}

/** Writes the header of a frame with `count` records. */
export function writePosHeader(view: DataView, count: number): void {
  view.setUint8(0, POS_BATCH);
  view.setUint8(1, count);
  view.setUint16(2, 0, true);
}

/** Writes a whole frame. Throws RangeError when there are too many updates. */
export function encodePos(updates: readonly PosUpdate[]): Uint8Array<ArrayBuffer> {
  if (updates.length > POS_UPDATES_MAX) throw new RangeError('too many updates for a POS frame');
  const bytes = new Uint8Array(POS_HEADER_BYTES + updates.length * POS_RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  writePosHeader(view, updates.length);
  updates.forEach((update, i) => {
    writePosRecord(view, POS_HEADER_BYTES + i * POS_RECORD_BYTES, update);
  });
  return bytes;
}

/** Reads a frame. Throws RangeError on a wrong type or length. */
export function decodePos(bytes: Uint8Array): PosUpdate[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < POS_HEADER_BYTES || view.getUint8(0) !== POS_BATCH) {
    throw new RangeError('POS frame: unknown type');
  }
  const count = view.getUint8(1);
  if (bytes.byteLength !== POS_HEADER_BYTES + count * POS_RECORD_BYTES) {
    throw new RangeError('POS frame: length does not match its count');
  }
  return Array.from({ length: count }, (_, i) => {
    const at = POS_HEADER_BYTES + i * POS_RECORD_BYTES;
    const etaMs = view.getFloat64(at + 24, true);
    return {
      ref: view.getUint32(at, true),
      latE7: view.getInt32(at + 4, true),
      lonE7: view.getInt32(at + 8, true),
      heading: view.getUint16(at + 12, true),
      fixMs: view.getFloat64(at + 16, true),
      etaMs: Number.isNaN(etaMs) ? null : etaMs,
      ...rangeOf(etaMs, view.getUint8(at + 14), view.getUint8(at + 15)),
    };
  });
}
