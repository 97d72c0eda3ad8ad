/** Owns how numbers become short text on the page. Pure, so that tests can pin the wording. */

import type { MapDelivery } from '../../contracts/push.ts';

const MINUTE_MS = 60_000;

/** The label of an estimate: minutes to go, or minutes late. Both times are zone ms. */
export function etaText(etaMs: number, zoneNowMs: number): string {
  const minutes = (etaMs - zoneNowMs) / MINUTE_MS;
  if (minutes <= -1) return `${Math.min(999, Math.floor(-minutes))} min late`;
  if (minutes < 1) return '< 1 min';
  return `${Math.min(999, Math.round(minutes))} min`;
}

/** Every character that a label of time to go may have: the map draws its letters once. */
export const TO_GO_CHARACTERS = '0123456789<- minlate';

/** The same for a range: minutes to go from its begin to its end, while all of it lies ahead. */
export function toGoText(
  { eta, etaFrom, etaTo }: Pick<MapDelivery, 'eta' | 'etaFrom' | 'etaTo'>,
  zoneNowMs: number,
): string | null {
  if (eta === null) return null;
  if (etaFrom === undefined || etaTo === undefined) return etaText(eta, zoneNowMs);
  const from = Math.round((etaFrom - zoneNowMs) / MINUTE_MS);
  const to = Math.round((etaTo - zoneNowMs) / MINUTE_MS);
  if (from < 1 || to > 999 || from === to) return etaText(eta, zoneNowMs);
  return `${from}-${to} min`;
}

/** A duration in host ms, at most three significant places. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / MINUTE_MS)} min`;
}

/** How late something is expected against its promise, in ms; early when negative. */
export function latenessText(lateMs: number): string {
  const minutes = Math.trunc(lateMs / MINUTE_MS);
  if (minutes === 0) return 'on time';
  const text = `${Math.min(999, Math.abs(minutes))} min`;
  return minutes > 0 ? `${text} late` : `${text} early`;
}

/** A count with thin grouping that every locale reads the same. */
export function countText(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** The tail of an id: enough to tell neighbours apart, short enough for a table. */
export function shortId(id: string): string {
  return id.slice(-6);
}
