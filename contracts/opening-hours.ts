/**
 * When a vendor is open: what its weekly hours and special days mean. Wall time in the vendor's own
 * zone, through summer time: a time that the clock skips counts as the same while later, one that it
 * shows twice as the first. Pure but for the platform's table of time zones.
 */

/** Minutes of opening on one day; `to` not after `from` means the day after. */
interface Span {
  readonly from: string;
  readonly to: string;
}

/** Such minutes on some days of the week: 1 Monday … 7 Sunday. */
type WeeklySpan = Span & { readonly days: readonly number[] };

export interface Schedule {
  /** IANA name. */
  readonly timeZone: string;
  readonly hours: readonly WeeklySpan[];
  /**
   * Days with hours of their own, local dates `YYYY-MM-DD`, `until` included; no openings: closed.
   * They replace what begins on those days; the night before still ends as it would.
   */
  readonly specialDays?: readonly {
    readonly date: string;
    readonly until?: string;
    readonly openings: readonly Span[];
  }[];
}

export interface Openness {
  readonly open: boolean;
  /** UTC ms; null: open now, or not within `SEARCH_DAYS_MAX`. */
  readonly opensAtMs: number | null;
  /** UTC ms; null: closed now, or open for longer than `OPEN_DAYS_MAX`. */
  readonly closesAtMs: number | null;
}

/** How far ahead the next opening is looked for. */
export const SEARCH_DAYS_MAX = 60;
/** Past this an end of being open is nobody's concern. */
const OPEN_DAYS_MAX = 8;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Whether it is open at `atMs` (UTC), until when, or when next. */
export function opennessAt(schedule: Schedule, atMs: number): Openness {
  const today = localDayOf(schedule.timeZone, atMs);
  for (let day = today - 1; day <= today + SEARCH_DAYS_MAX; day++) {
    const spans = spansOf(schedule, day).filter(({ toMs }) => toMs > atMs);
    if (spans.some(({ fromMs }) => fromMs <= atMs)) {
      return { open: true, opensAtMs: null, closesAtMs: endOfOpen(schedule, today, atMs) };
    }
    // What begins today comes before what begins tomorrow, unless yesterday's night is still on.
    const opensAtMs = Math.min(...spans.map(({ fromMs }) => fromMs));
    if (day >= today && spans.length > 0) return { open: false, opensAtMs, closesAtMs: null };
  }
  return { open: false, opensAtMs: null, closesAtMs: null };
}

/** Follows spans that touch or overlap to where a gap begins. */
function endOfOpen(schedule: Schedule, today: number, atMs: number): number | null {
  let endMs = atMs;
  for (let day = today - 1; day <= today + OPEN_DAYS_MAX; day++) {
    const spans = [...spansOf(schedule, day)].sort((a, b) => a.fromMs - b.fromMs);
    for (const { fromMs, toMs } of spans) {
      if (fromMs <= endMs && toMs > endMs) endMs = toMs;
    }
    if (day > today && localDayOf(schedule.timeZone, endMs) < day) return endMs;
  }
  return null;
}

export interface SpanMs {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What begins on one local day (days since 1970-01-01). */
function spansOf({ timeZone, hours, specialDays = [] }: Schedule, day: number): SpanMs[] {
  const special = specialDays.length === 0 ? undefined : specialOf(specialDays, dateText(day));
  if (special !== undefined) return special.openings.map((span) => msOf(timeZone, span, day));
  return hours.flatMap((span) => spanMsOf(timeZone, span, day) ?? []);
}

/** When a weekly span that begins on a local day is; null: not on that day of the week. */
export function spanMsOf(timeZone: string, span: WeeklySpan, day: number): SpanMs | null {
  const weekday = ((((day + 3) % 7) + 7) % 7) + 1;
  return span.days.includes(weekday) ? msOf(timeZone, span, day) : null;
}

function msOf(timeZone: string, { from, to }: Span, day: number): SpanMs {
  const start = minuteOf(from);
  const end = minuteOf(to);
  const fromMs = wallTimeToMs(timeZone, day, start);
  return { fromMs, toMs: wallTimeToMs(timeZone, end > start ? day : day + 1, end) };
}

const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** The first of these weekly spans that shares a minute with one before it; undefined: none does. */
export function firstOverlap(spans: readonly WeeklySpan[]): number | undefined {
  const taken: (readonly [number, number])[] = [];
  for (const [index, { days, from, to }] of spans.entries()) {
    const start = minuteOf(from);
    const length = minuteOf(to) - start + (minuteOf(to) > start ? 0 : DAY_MINUTES);
    for (const day of days) {
      const begin = (day - 1) * DAY_MINUTES + start;
      // What goes over the end of the week is compared with its beginning, too.
      for (const shift of [-WEEK_MINUTES, 0, WEEK_MINUTES]) {
        const [a, b] = [begin + shift, begin + shift + length];
        if (taken.some(([otherA, otherB]) => a < otherB && otherA < b)) return index;
      }
      taken.push([begin, begin + length]);
    }
  }
  return undefined;
}

function specialOf(
  days: NonNullable<Schedule['specialDays']>,
  today: string,
): (typeof days)[number] | undefined {
  return days.find(({ date, until }) => date <= today && today <= (until ?? date));
}

function minuteOf(text: string): number {
  const [hour = '0', minute = '0'] = text.split(':');
  return Number(hour) * 60 + Number(minute);
}

/** `YYYY-MM-DD` of a day since 1970-01-01. */
export function dateText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The local day at a time, in days since 1970-01-01. */
export function localDayOf(timeZone: string, atMs: number): number {
  return Math.floor((atMs + offsetMs(timeZone, atMs)) / DAY_MS);
}

/** The hour of the local day at a time, 0 to 23. */
export function localHourOf(timeZone: string, atMs: number): number {
  const local = atMs + offsetMs(timeZone, atMs);
  return Math.floor((local - Math.floor(local / DAY_MS) * DAY_MS) / 3_600_000);
}

/** UTC ms of a minute of a local day. */
export function wallTimeToMs(timeZone: string, day: number, minute: number): number {
  const wallMs = day * DAY_MS + minute * MINUTE_MS;
  const before = offsetMs(timeZone, wallMs - DAY_MS);
  const after = offsetMs(timeZone, wallMs + DAY_MS);
  if (before === after) return wallMs - before;
  const first = wallMs - before;
  const second = wallMs - after;
  const isFirst = offsetMs(timeZone, first) === before;
  const isSecond = offsetMs(timeZone, second) === after;
  if (isFirst && isSecond) return Math.min(first, second);
  // Neither: the clock skips it, and the old offset leads to the same while after the jump.
  return isSecond && !isFirst ? second : first;
}

/** What local clocks are ahead of UTC, ms. */
function offsetMs(timeZone: string, atMs: number): number {
  const zone = zoneOf(timeZone);
  const day = Math.floor(atMs / DAY_MS);
  let offset = zone.days.get(day);
  if (offset === undefined) {
    const morning = exactOffsetMs(zone.format, day * DAY_MS);
    // Clocks do not change twice within a day: the same at both ends is the same all day.
    const isSame = morning === exactOffsetMs(zone.format, (day + 1) * DAY_MS);
    offset = isSame ? morning : null;
    if (zone.days.size >= DAYS_KEPT_MAX) zone.days.clear();
    zone.days.set(day, offset);
  }
  return offset ?? exactOffsetMs(zone.format, atMs);
}

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** Offsets of whole UTC days; null: the clocks change on that day. */
  readonly days: Map<number, number | null>;
}

/** There are some 600 zones; asking one for an offset costs 10 µs, remembering it far less. */
const ZONES = new Map<string, Zone>();
/** Days remembered per zone; when there are more it begins anew. */
const DAYS_KEPT_MAX = 1_000;

function zoneOf(timeZone: string): Zone {
  let zone = ZONES.get(timeZone);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23' },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
    });
    zone = { format, days: new Map() };
    ZONES.set(timeZone, zone);
  }
  return zone;
}

function exactOffsetMs(format: Intl.DateTimeFormat, atMs: number): number {
  // Offsets are whole seconds; cutting below them keeps the sum whole.
  const wholeMs = Math.floor(atMs / 1_000) * 1_000;
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(wholeMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeMs;
}
