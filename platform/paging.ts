/** Opaque cursors of lists: the last row's sort key, so that a page never skips or repeats a row. */
import { WaggleError } from '../contracts/errors.ts';

/** Encodes the id of the last row of a page. */
export function encodeCursor(lastId: string): string {
  return Buffer.from(lastId).toString('base64url');
}

/** The id behind a cursor. Throws `request.invalid` for what is none. */
export function decodeCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (!/^[a-z]{3}_[0-9a-f-]{36}$/.test(id)) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/cursor', expected: 'the `next` of an earlier page' },
    ]);
  }
  return id;
}

/** Cuts rows read with limit + 1 to a page and its cursor. */
export function pageOf<T extends { readonly id: string }>(
  rows: readonly T[],
  limit: number,
): { readonly rows: readonly T[]; readonly next: string | null } {
  if (rows.length <= limit) return { rows, next: null };
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: last === undefined ? null : encodeCursor(last.id) };
}
