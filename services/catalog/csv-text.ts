/**
 * CSV as text: into records with the line each begins on, and back. A record that cannot be read is
 * reported and only its first line is given up, so that one wrong quote hides nothing after it. Owns
 * quotes and delimiters; never what the cells mean.
 */
import { parse } from 'csv-parse/sync';

/** Lines one record may span (line breaks within quotes). */
const RECORD_LINES_MAX = 100;
const DELIMITERS = [',', ';', '\t'] as const;

export interface CsvRecord {
  /** The first of the file is 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface LineProblem {
  readonly line: number;
  /** Null: the whole line. */
  readonly column: string | null;
  readonly expected: string;
}

export interface CsvRecords {
  readonly records: readonly CsvRecord[];
  readonly problems: readonly LineProblem[];
}

/** Reads records (RFC 4180; commas, semicolons or tabs, whatever the first line has most of). */
export function readRecords(text: string): CsvRecords {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n')
    .split('\n');
  const delimiter = delimiterOf(lines[0] ?? '');
  const records: CsvRecord[] = [];
  const problems: LineProblem[] = [];
  for (let at = 0; at < lines.length; ) {
    const span = spanOf(lines, at);
    const source = lines.slice(at, at + span).join('\n');
    const cells = source.trim() === '' ? [] : readRecord(source, delimiter);
    if (cells === undefined) {
      const expected = 'quotes around whole cells, doubled within them, and closed';
      problems.push({ line: at + 1, column: null, expected });
      at++;
      continue;
    }
    if (cells.length > 0) records.push({ line: at + 1, cells });
    at += span;
  }
  return { records, problems };
}

/** How many lines the record at `at` spans: until its quotes are even. */
function spanOf(lines: readonly string[], at: number): number {
  let quotes = 0;
  for (let span = 1; span <= RECORD_LINES_MAX && at + span <= lines.length; span++) {
    quotes += (lines[at + span - 1] ?? '').split('"').length - 1;
    if (quotes % 2 === 0) return span;
  }
  return 1;
}

function readRecord(source: string, delimiter: string): string[] | undefined {
  try {
    const [cells, ...more] = parse(source, { delimiter, relax_column_count: true }) as string[][];
    return more.length === 0 ? cells : undefined;
  } catch {
    return undefined;
  }
}

function delimiterOf(head: string): string {
  const count = (delimiter: string): number => head.split(delimiter).length;
  return DELIMITERS.reduce((best, each) => (count(each) > count(best) ? each : best));
}

/** Writes records with commas, quotes where they are needed, and CRLF. */
export function writeRecords(records: readonly (readonly string[])[]): string {
  const cell = (text: string): string =>
    /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return records.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

/** A text that a spreadsheet would run as a formula begins with an apostrophe in the file. */
export function guardFormula(text: string): string {
  return /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** Takes the guard off again. */
export function unguardFormula(text: string): string {
  return /^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}
