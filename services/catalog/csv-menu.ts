/** A menu as CSV: the header, and what each line says or what is wrong with it. Pure. */
import { PRODUCTS_MAX } from '../../contracts/api/catalog.ts';
import { COLUMNS, type Column, cellsOf, type ProductLine, READERS } from './csv-columns.ts';
import { type CsvRecord, type LineProblem, readRecords, writeRecords } from './csv-text.ts';

export interface MenuLine {
  /** Where in the file it begins; the header is usually line 1. */
  readonly line: number;
  readonly product: ProductLine;
}

export interface MenuFile {
  readonly lines: readonly MenuLine[];
  /** Every one that was found, in the order of the file. */
  readonly problems: readonly LineProblem[];
}

const NEEDED: readonly Column[] = ['sku', 'name'];

/** Reads a file. What is wrong with one line keeps no other from being read. */
export function readMenu(text: string): MenuFile {
  const { records, problems } = readRecords(text);
  const [head, ...body] = records;
  if (head === undefined) {
    return { lines: [], problems: [...problems, whole(1, 'a header that names the columns')] };
  }
  const header = readHeader(head);
  if (header.problems.length > 0) return { lines: [], problems: header.problems };
  if (body.length > PRODUCTS_MAX) {
    const expected = `at most ${PRODUCTS_MAX} lines after the header`;
    return { lines: [], problems: [whole(body[PRODUCTS_MAX]?.line ?? 1, expected)] };
  }
  const found = [...problems];
  const seen = new Map<string, number>();
  const lines = body.flatMap((record): MenuLine[] => {
    const read = readLine(record, header.columns);
    found.push(...read.problems);
    const { sku } = read.product;
    const first = sku === undefined ? undefined : seen.get(sku);
    if (first !== undefined) {
      const expected = `a sku that no other line has; line ${first} has it, too`;
      found.push({ line: record.line, column: 'sku', expected });
    }
    if (sku !== undefined && first === undefined) seen.set(sku, record.line);
    const isWhole = read.problems.length === 0 && first === undefined;
    return isWhole ? [{ line: record.line, product: read.product as ProductLine }] : [];
  });
  found.sort((a, b) => a.line - b.line);
  return { lines, problems: found };
}

/** Writes products as a file that reads back as the same. */
export function writeMenu(products: readonly ProductLine[]): string {
  return writeRecords([[...COLUMNS], ...products.map(cellsOf)]);
}

function whole(line: number, expected: string): LineProblem {
  return { line, column: null, expected };
}

function readHeader({ line, cells }: CsvRecord): {
  readonly columns: readonly Column[];
  readonly problems: readonly LineProblem[];
} {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  const columns = names.flatMap((name) => COLUMNS.find((each) => each === name) ?? []);
  const problems: LineProblem[] = names.flatMap((name, index) => {
    const isKnown = COLUMNS.some((each) => each === name);
    const isFirst = names.indexOf(name) === index;
    if (isKnown && isFirst) return [];
    const column = name.slice(0, 64);
    const expected = isKnown ? 'each column once' : `one of ${COLUMNS.join(', ')}`;
    return [{ line, column, expected }];
  });
  for (const column of NEEDED) {
    if (!columns.includes(column)) problems.push({ line, column, expected: 'this column' });
  }
  return { columns, problems };
}

function readLine(
  { line, cells }: CsvRecord,
  columns: readonly Column[],
): { readonly product: Partial<ProductLine>; readonly problems: readonly LineProblem[] } {
  if (cells.length !== columns.length) {
    const expected = `${columns.length} cells, as the header has; there are ${cells.length}`;
    return { product: {}, problems: [whole(line, expected)] };
  }
  const problems: LineProblem[] = [];
  const values = columns.flatMap((column, index): [Column, unknown][] => {
    const text = cells[index] ?? '';
    const cell = READERS[column](column === 'description' ? text : text.trim());
    if ('value' in cell) return [[column, cell.value]];
    problems.push({ line, column, expected: cell.expected });
    return [];
  });
  const product = Object.fromEntries(values) as Partial<ProductLine>;
  problems.push(...priceProblems(product, line));
  return { product, problems };
}

/** A line that has both a price and variants says two things at once. */
function priceProblems(product: Partial<ProductLine>, line: number): LineProblem[] {
  const hasVariants = (product.variants?.length ?? 0) > 0;
  if (!hasVariants || product.price_minor == null) return [];
  return [{ line, column: 'price_minor', expected: 'nothing, where variants carry the prices' }];
}
