/** Whether a product is sold at a time: wall time in the zone of its vendor, pure. */
import type { Opening } from '../../../contracts/api/vendors.ts';

const MINUTES_OF_DAY = 1_440;
/** Formats kept; one is dear to make. Full: the oldest goes. */
const FORMATS_MAX = 500;

export interface WallTime {
  /** 1 Monday … 7 Sunday. */
  readonly day: number;
  readonly minute: number;
}

/** Whether one of these windows is open at what the clock on the wall shows. */
export function isOpenAt(hours: readonly Opening[], { day, minute }: WallTime): boolean {
  const yesterday = day === 1 ? 7 : day - 1;
  return hours.some(({ days, from, to }) => {
    const start = minutes(from);
    const end = minutes(to);
    if (start < end) return days.includes(day) && minute >= start && minute < end;
    // Past midnight: the evening of its day, and the morning of the day after.
    return (days.includes(day) && minute >= start) || (days.includes(yesterday) && minute < end);
  });
}

function minutes(text: string): number {
  const [hour = '0', minute = '0'] = text.split(':');
  return (Number(hour) * 60 + Number(minute)) % MINUTES_OF_DAY;
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const formats = new Map<string, Intl.DateTimeFormat>();

/** What clocks on the wall show there. `atMs` is UTC ms; `timeZone` an IANA name. */
export function wallTime(timeZone: string, atMs: number): WallTime {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  return {
    day: WEEKDAYS.indexOf(parts.get('weekday') ?? '') + 1,
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const [oldest] = formats.keys();
  if (formats.size >= FORMATS_MAX && oldest !== undefined) formats.delete(oldest);
  formats.set(timeZone, format);
  return format;
}
