/** Owns columns of numbers that grow together with the things they are about. */
type Numbers = Int32Array | Uint8Array | Float64Array;

const GROWTH = 1.5;

/** The same column with room for `count`, what was in it in its place; zeros behind. */
export function grown<T extends Numbers>(column: T, count: number): T {
  if (column.length >= count) return column;
  const Kind = column.constructor as new (length: number) => T;
  const larger = new Kind(Math.max(count, Math.ceil(column.length * GROWTH)));
  larger.set(column);
  return larger;
}
