/** RFC 3339 at the edge, integer ms inside. */
import { WaggleError } from '../contracts/errors.ts';

export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

export function timeTextOrNull(ms: number | null): string | null {
  return ms === null ? null : timeText(ms);
}

/** Reads an RFC 3339 time that the schema has let through. Throws `request.invalid`. */
export function parseTime(text: string, field: string): number {
  const ms = Date.parse(text);
  if (!Number.isSafeInteger(ms)) {
    throw new WaggleError('request.invalid', undefined, [{ field, expected: 'an RFC 3339 time' }]);
  }
  return ms;
}

/** Whether the platform knows an IANA time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
