/**
 * Owns what the page knows about zones: names and outlines, asked once over REST. Without them the
 * page still works; it then shows ids and starts where the link says.
 */
import type { ZoneOutline } from './layers.ts';

export interface KnownZones {
  readonly names: ReadonlyMap<string, string>;
  readonly outlines: readonly ZoneOutline[];
}

function outlineOf(zone: unknown): (ZoneOutline & { readonly name: string }) | null {
  if (typeof zone !== 'object' || zone === null) return null;
  const { id, name, polygon } = zone as Record<string, unknown>;
  const ring = (polygon as { coordinates?: unknown[] } | undefined)?.coordinates?.[0];
  if (typeof id !== 'string' || typeof name !== 'string' || !Array.isArray(ring)) return null;
  const path = ring.filter(
    (point): point is [number, number] =>
      Array.isArray(point) && Number.isFinite(point[0]) && Number.isFinite(point[1]),
  );
  return { id, name, path };
}

/** Reads the zones; an empty answer when the API is away or refuses this token. */
export async function loadZones(token: string): Promise<KnownZones> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch('/api/v1/zones', { headers }).catch(() => null);
  const body: unknown = response?.ok ? await response.json().catch(() => null) : null;
  const items = (body as { items?: unknown } | null)?.items;
  const zones = (Array.isArray(items) ? items : []).map(outlineOf).filter((zone) => zone !== null);
  return { names: new Map(zones.map(({ id, name }) => [id, name])), outlines: zones };
}
