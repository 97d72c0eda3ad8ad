/**
 * Owns values made from JSON Schemas for tests: one that fits, and ones that are wrong in one place
 * each. Knows the keywords that contracts/api uses; a test tells when one is missing.
 */
import { ID_PREFIXES, type IdKind, newId } from '../../contracts/ids.ts';

export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly additionalProperties?: unknown;
}

export interface SampleOptions {
  /** Ids of things that exist, by the prefix of their kind; others are made up. */
  readonly ids?: Readonly<Record<string, string>>;
  /** Used for every text that may say anything; cut to what fits. */
  readonly text?: string;
  /** Optional properties, too. */
  readonly full?: boolean;
}

const FORMATS: Readonly<Record<string, string>> = {
  email: 'sample@example.com',
  'date-time': '2027-03-01T12:00:00Z',
  date: '2027-03-01',
  uri: 'https://example.com/sample',
};
/** Texts for patterns that are not ids; the first that matches is taken. */
const TEXTS = [
  ...['sample', '+49301234567', '123456', '1234', '12:30', 'https://example.com/sample', 'EUR'],
  ...['1', '1-1', 'SAMPLE', 'a'],
];

function typeOf(schema: Schema): string {
  const { type } = schema;
  if (typeof type === 'string') return type;
  return type?.find((each) => each !== 'null') ?? 'object';
}

/** Whether people may write what they like here. */
export function isFreeText(schema: Schema): boolean {
  const { pattern, format } = schema;
  if (typeOf(schema) !== 'string' || schema.enum !== undefined || schema.const !== undefined) {
    return false;
  }
  return format === undefined && (pattern === undefined || pattern.includes('\\p{Cc}'));
}

/** A value that fits. */
export function sampleOf(schema: Schema, options: SampleOptions = {}): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum.find((each) => each !== null);
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined && schema.properties === undefined) return sampleOf(first, options);
  switch (typeOf(schema)) {
    case 'string':
      return textOf(schema, options);
    case 'integer':
    case 'number':
      return Math.min(schema.maximum ?? 10, Math.max(schema.minimum ?? 1, 1));
    case 'boolean':
      return true;
    case 'array': {
      const length = Math.max(schema.minItems ?? 0, options.full && schema.items ? 1 : 0);
      return Array.from({ length }, () => sampleOf(schema.items ?? {}, options));
    }
    default:
      return objectOf(schema, options);
  }
}

function objectOf(schema: Schema, options: SampleOptions): Record<string, unknown> {
  const { properties = {}, minProperties = 0 } = schema;
  // "One of these must be there" is said as alternatives of `required`.
  const [either] = schema.anyOf ?? schema.oneOf ?? [];
  const required = new Set([...(schema.required ?? []), ...(either?.required ?? [])]);
  for (const name of Object.keys(properties)) {
    if (required.size < minProperties) required.add(name);
  }
  const names = Object.keys(properties).filter((name) => options.full || required.has(name));
  return Object.fromEntries(
    names.map((name) => [name, sampleOf(properties[name] ?? {}, options)] as const),
  );
}

function textOf(schema: Schema, { ids = {}, text = 'sample' }: SampleOptions): string {
  const { pattern, format, minLength = 0, maxLength = 10_000 } = schema;
  if (isFreeText(schema)) return text.padEnd(minLength, 'x').slice(0, maxLength);
  if (format !== undefined && pattern === undefined) return FORMATS[format] ?? 'sample';
  const kind = kindOf(schema);
  if (kind !== undefined) return ids[ID_PREFIXES[kind]] ?? newId(kind);
  const matches = new RegExp(pattern ?? '', 'u');
  return TEXTS.find((each) => matches.test(each)) ?? 'sample';
}

/** Which kind of id a schema asks for. */
export function kindOf({ pattern = '' }: Schema): IdKind | undefined {
  const kinds = Object.keys(ID_PREFIXES) as IdKind[];
  return kinds.find((kind) => pattern.startsWith(`^${ID_PREFIXES[kind]}_`));
}

export interface Wrong {
  /** JSON Pointer to what is wrong. */
  readonly at: string;
  readonly value: unknown;
  readonly why: string;
}

/**
 * The whole value again and again, wrong in one place each time. Parts of other schemas that are in
 * `seen` already are not looked into again.
 */
export function wrongOnes(schema: Schema, right: unknown, seen = new Set<Schema>()): Wrong[] {
  const problems: Wrong[] = [];
  const visit = (part: Schema, value: unknown, at: string, put: (x: unknown) => unknown): void => {
    for (const [why, bad] of badValues(part))
      problems.push({ at: at || '/', value: put(bad), why });
    if (part.properties === undefined && (part.anyOf ?? part.oneOf) !== undefined) return;
    const isOuter = part === schema;
    if (!isOuter && seen.has(part)) return;
    seen.add(part);
    if (Array.isArray(value) && value.length > 0 && part.items !== undefined) {
      visit(part.items, value[0], `${at}/0`, (x) => put([x, ...value.slice(1)]));
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    if (part.additionalProperties === false) {
      problems.push({ at: `${at}/zzz`, value: put({ ...value, zzz: 1 }), why: 'unknown field' });
    }
    for (const [name, inner] of Object.entries(value)) {
      const schemaOf = part.properties?.[name];
      if (schemaOf === undefined) continue;
      visit(schemaOf, inner, `${at}/${name}`, (x) => put({ ...value, [name]: x }));
    }
  };
  visit(schema, right, '', (x) => x);
  return problems;
}

/** Values that do not fit this place, whatever is inside it. */
function badValues(schema: Schema): (readonly [why: string, value: unknown])[] {
  if ((schema.anyOf ?? schema.oneOf ?? schema.const) !== undefined) return [];
  const bad: (readonly [string, unknown])[] = [];
  const { minimum, maximum, maxLength, maxItems } = schema;
  switch (typeOf(schema)) {
    case 'string':
      bad.push(['an object for a text', {}]);
      if (maxLength !== undefined) bad.push(['too long', 'x'.repeat(maxLength + 1)]);
      if (schema.enum !== undefined) bad.push(['not in the list', 'zzz']);
      if (kindOf(schema) !== undefined) bad.push(['SQL for an id', "' OR 1=1 --"]);
      break;
    case 'integer':
      bad.push(['a fraction', 1.5]);
      bad.push(['a text for a number', 'many']);
      if (minimum !== undefined) bad.push(['too small', minimum - 1]);
      if (maximum !== undefined) bad.push(['too large', maximum + 1]);
      break;
    case 'number':
      bad.push(['a text for a number', 'many']);
      if (minimum !== undefined) bad.push(['too small', minimum - 1]);
      if (maximum !== undefined) bad.push(['too large', maximum + 1]);
      break;
    case 'boolean':
      bad.push(['a text for yes or no', 'perhaps']);
      break;
    case 'array':
      bad.push(['an object for a list', { 0: 1 }]);
      if (maxItems !== undefined && schema.items !== undefined && maxItems <= 1_000) {
        const item = sampleOf(schema.items);
        bad.push(['too many', Array.from({ length: maxItems + 1 }, () => item)]);
      }
      break;
    default:
      break;
  }
  return bad;
}
