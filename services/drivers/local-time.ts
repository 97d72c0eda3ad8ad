/** Days and clocks of a time zone: from a moment to what the wall says there, and back. Pure. */

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Time zones are few (one per market), so the formats are kept. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', {
      ...{ timeZone, year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
    });
    formats.set(timeZone, format);
  }
  return format;
}

export interface WallTime {
  /** YYYY-MM-DD. */
  readonly day: string;
  /** HH:MM. */
  readonly clock: string;
}

/** What the wall says there at a moment. */
export function wallTimeOf(timeZone: string, atMs: number): WallTime {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) parts[type] = value;
  const { year = '', month = '', day = '', hour = '', minute = '' } = parts;
  return { day: `${year.padStart(4, '0')}-${month}-${day}`, clock: `${hour}:${minute}` };
}

/**
 * The moment at which the wall there says so. A clock that is skipped in spring gives the moment as far
 * after midnight as it names; one that comes twice in autumn gives the first.
 */
export function momentOf(timeZone: string, { day, clock }: WallTime): number {
  const asIfUtc = Date.parse(`${day}T${clock}:00Z`);
  // The offset may differ on both sides of a change: try that of a day before, then of a day after.
  for (const near of [asIfUtc - DAY_MS, asIfUtc + DAY_MS]) {
    const moment = asIfUtc - offsetOf(timeZone, near);
    if (offsetOf(timeZone, moment) === asIfUtc - moment) return moment;
  }
  return asIfUtc - offsetOf(timeZone, asIfUtc - DAY_MS);
}

/** How far the wall there is ahead of UTC, ms; whole minutes. */
function offsetOf(timeZone: string, atMs: number): number {
  const { day, clock } = wallTimeOf(timeZone, atMs);
  return Date.parse(`${day}T${clock}:00Z`) - Math.floor(atMs / 60_000) * 60_000;
}

/** The day after (or `days` after) a day. */
export function dayAfter(day: string, days = 1): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The Monday of the week of a day. */
export function mondayOf(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return dayAfter(day, -((weekday + 6) % 7));
}

/** Cuts a span at the midnights there; at most `daysMax` pieces, the rest is left out. */
export function splitByDay(
  timeZone: string,
  fromMs: number,
  toMs: number,
  daysMax: number,
): { readonly day: string; readonly ms: number }[] {
  const pieces: { day: string; ms: number }[] = [];
  let at = fromMs;
  while (at < toMs && pieces.length < daysMax) {
    const { day } = wallTimeOf(timeZone, at);
    const midnight = momentOf(timeZone, { day: dayAfter(day), clock: '00:00' });
    const end = Math.min(toMs, Math.max(midnight, at + 1));
    pieces.push({ day, ms: end - at });
    at = end;
  }
  return pieces;
}
