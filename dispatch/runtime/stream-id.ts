/** Ids of mailbox and position entries: `<ms>-<n>`, ordered by both numbers. */

export const STREAM_START = '0-0';

/** Host ms in an entry id. */
export function streamIdMs(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}

function streamIdCount(id: string): number {
  return Number(id.slice(id.indexOf('-') + 1));
}

/** Negative when `a` is before `b`. */
export function compareStreamIds(a: string, b: string): number {
  return streamIdMs(a) - streamIdMs(b) || streamIdCount(a) - streamIdCount(b);
}

/** The least id after this one. */
export function nextStreamId(id: string): string {
  return `${streamIdMs(id)}-${streamIdCount(id) + 1}`;
}
