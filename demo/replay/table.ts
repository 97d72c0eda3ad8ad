/**
 * Reads a delimited text file with a header line into rows, and says exactly where one is wrong:
 * file, line, field, what was expected. Nothing else knows about lines and columns.
 */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Largest file that is read, after unpacking. */
export const FILE_BYTES_MAX = 64 * 1024 * 1024;
export const ROWS_MAX = 500_000;

/** One line for the person who gave the file. */
export class DataError extends Error {
  override readonly name = 'DataError';

  constructor(at: { file: string; line?: number; field?: string }, expected: string, got?: string) {
    const line = at.line === undefined ? '' : ` line ${at.line}`;
    const field = at.field === undefined ? '' : `, field ${at.field}`;
    const found = got === undefined ? '' : `, found ${JSON.stringify(got.slice(0, 60))}`;
    super(`${at.file}${line}${field}: expected ${expected}${found}`);
  }
}

/** One row; the accessors throw DataError when a value is not what they are named for. */
export class Row {
  readonly line: number;
  private readonly file: string;
  private readonly columns: ReadonlyMap<string, number>;
  private readonly cells: readonly string[];

  constructor(
    file: string,
    line: number,
    columns: ReadonlyMap<string, number>,
    cells: readonly string[],
  ) {
    this.file = file;
    this.line = line;
    this.columns = columns;
    this.cells = cells;
  }

  text(field: string): string {
    const cell = this.cells[this.columns.get(field) ?? -1]?.trim() ?? '';
    if (cell === '') this.fail(field, 'a value', cell);
    return cell;
  }

  /** A finite decimal number within bounds. */
  number(field: string, min: number, max: number): number {
    const text = this.text(field);
    const value = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) this.fail(field, `a number from ${min} to ${max}`, text);
    return value;
  }

  /** A time of day `HH:MM:SS`, in ms since midnight. */
  timeOfDayMs(field: string): number {
    const text = this.text(field);
    const parts = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$/.exec(text);
    if (!parts) this.fail(field, 'a time of day HH:MM:SS', text);
    return (Number(parts?.[1]) * 3600 + Number(parts?.[2]) * 60 + Number(parts?.[3])) * 1000;
  }

  fail(field: string, expected: string, got?: string): never {
    throw new DataError({ file: this.file, line: this.line, field }, expected, got);
  }
}

/** Checks that an id has not been seen before in its file. */
export function unique(seen: Set<string>, row: Row, field: string): string {
  const id = row.text(field);
  if (seen.has(id)) row.fail(field, 'an id that no earlier line has', id);
  seen.add(id);
  return id;
}

function readText(path: string): string {
  const file = basename(path);
  try {
    if (statSync(path).size > FILE_BYTES_MAX) {
      throw new DataError({ file }, `at most ${FILE_BYTES_MAX} bytes`);
    }
    const bytes = readFileSync(path);
    return path.endsWith('.gz')
      ? gunzipSync(bytes, { maxOutputLength: FILE_BYTES_MAX }).toString('utf8')
      : bytes.toString('utf8');
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError({ file }, 'a readable file', (error as Error).message);
  }
}

/** Reads a file. Throws DataError for a missing column, a short row, or no rows at all. */
export function readTable(path: string, separator: string, fields: readonly string[]): Row[] {
  return parseTable(basename(path), readText(path), separator, fields);
}

/** The same over text, for tests. */
export function parseTable(
  file: string,
  text: string,
  separator: string,
  fields: readonly string[],
): Row[] {
  const lines = text.split(/\r?\n/);
  const header = (lines[0] ?? '')
    .replace(/^\uFEFF/, '')
    .split(separator)
    .map((name) => name.trim());
  const columns = new Map(header.map((name, index) => [name, index]));
  for (const field of fields) {
    if (!columns.has(field)) {
      throw new DataError({ file, line: 1, field }, 'a column of this name', header.join(' '));
    }
  }
  const rows: Row[] = [];
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line.trim() === '') continue;
    const cells = line.split(separator);
    if (cells.length !== header.length) {
      const field = header[cells.length] ?? header.at(-1) ?? '';
      throw new DataError({ file, line: index + 1, field }, `${header.length} fields`, line);
    }
    rows.push(new Row(file, index + 1, columns, cells));
    if (rows.length > ROWS_MAX)
      throw new DataError({ file, line: index + 1 }, `at most ${ROWS_MAX} rows`);
  }
  if (rows.length === 0) throw new DataError({ file, line: 2 }, 'at least one row');
  return rows;
}
