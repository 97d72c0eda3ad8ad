/** Whether a vendor is open at a time: wall time in its own zone, pure. */
import type { Opening } from '../../contracts/api/vendors.ts';

const MINUTES_OF_DAY = 1_440;

/** `atMs` is UTC ms; `timeZone` an IANA name. */
export function isOpen(hours: readonly Opening[], timeZone: string, atMs: number): boolean {
  const { day, minute } = wallTime(timeZone, atMs);
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

function wallTime(timeZone: string, atMs: number): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return {
    day: WEEKDAYS.indexOf(parts.get('weekday') ?? '') + 1,
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}
