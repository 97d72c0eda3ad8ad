/** A menu as CSV, there and back. The columns are explained in docs/catalog.md. */
import type { FromSchema } from 'json-schema-to-ts';
import { VENDOR_ID } from './common.ts';

/** Characters of one file; below what a body may have in bytes. */
export const CSV_CHARS_MAX = 900_000;

export const MENU_IMPORT = {
  title: 'MenuImport',
  description:
    'Products by sku: new ones are made, known ones changed, others left alone. All lines or none: ' +
    'with a bad line the answer is 422, with a field for each problem (`/csv/12/price_minor` is a ' +
    'cell of line 12). The same file again changes nothing.',
  type: 'object',
  additionalProperties: false,
  required: ['vendor', 'csv'],
  properties: {
    vendor: VENDOR_ID,
    csv: { type: 'string', minLength: 1, maxLength: CSV_CHARS_MAX },
    dryRun: {
      type: 'boolean',
      description: 'Say what would come of it, with every bad line, and change nothing.',
    },
  },
} as const;
export type MenuImport = FromSchema<typeof MENU_IMPORT>;

export const MENU_IMPORTED = {
  title: 'MenuImported',
  type: 'object',
  additionalProperties: false,
  required: ['dryRun', 'created', 'changed', 'unchanged', 'categories', 'problems', 'version'],
  properties: {
    dryRun: { type: 'boolean' },
    created: { type: 'integer' },
    changed: { type: 'integer' },
    unchanged: { type: 'integer' },
    categories: { type: 'integer', description: 'New categories.' },
    problems: {
      description: 'Of a dry run: every bad line. None: the import would go through.',
      type: 'array',
      items: {
        title: 'ImportProblem',
        type: 'object',
        additionalProperties: false,
        required: ['line', 'column', 'expected'],
        properties: {
          line: { type: 'integer', description: 'Of the file; its first is 1.' },
          column: { type: ['string', 'null'], description: 'Null: the whole line.' },
          expected: { type: 'string' },
        },
      },
    },
    version: { type: ['integer', 'null'], description: 'Of the menu afterwards; null: dry run.' },
  },
} as const;
export type MenuImported = FromSchema<typeof MENU_IMPORTED>;

export const MENU_EXPORT = {
  title: 'MenuExport',
  type: 'object',
  additionalProperties: false,
  required: ['csv', 'products', 'withoutSku'],
  properties: {
    csv: { type: 'string' },
    products: { type: 'integer', description: 'Lines of the file.' },
    withoutSku: { type: 'integer', description: 'Products that are not in it, for want of a sku.' },
  },
} as const;
export type MenuExport = FromSchema<typeof MENU_EXPORT>;
