/** Trace points as one flat JSON list, four values a point: small, and readable with any tool. */
import type { TracePoint } from './door.ts';

export function packTraces(points: readonly TracePoint[]): string {
  const flat: (string | number)[] = [];
  for (const { driver, latE7, lonE7, fixMs } of points) flat.push(driver, latE7, lonE7, fixMs);
  return JSON.stringify(flat);
}

export function unpackTraces(text: string): TracePoint[] {
  const flat = JSON.parse(text) as (string | number)[];
  const points: TracePoint[] = [];
  for (let i = 0; i + 3 < flat.length; i += 4) {
    points.push({
      driver: String(flat[i]),
      latE7: Number(flat[i + 1]),
      lonE7: Number(flat[i + 2]),
      fixMs: Number(flat[i + 3]),
    });
  }
  return points;
}
