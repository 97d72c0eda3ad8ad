/**
 * Owns what one environment variable may be and how its text is read. Knows no variable by name;
 * the table is in schema.ts.
 */

export interface IntegerVariable {
  readonly kind: 'integer' | 'number';
  readonly min: number;
  readonly max: number;
  /** Left out: the variable must be set. */
  readonly default?: number;
  readonly description: string;
}

export interface TextVariable {
  readonly kind: 'text' | 'url';
  /** What the whole text must match, and how to say it to a person. */
  readonly pattern?: RegExp;
  readonly expected?: string;
  /** For kind url: the protocols allowed, with their colon. */
  readonly protocols?: readonly string[];
  /** A text; `null` for a variable that may stay unset; left out: it must be set. */
  readonly default?: string | null;
  /** Shown in the docs in place of the value, and never printed in a problem. */
  readonly secret?: boolean;
  readonly description: string;
}

export interface ChoiceVariable {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  readonly default: string;
  readonly description: string;
}

export type Variable = IntegerVariable | TextVariable | ChoiceVariable;

/** A value, or the reason why the text is none. */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

const NUMBER = /^-?\d+(\.\d+)?$/;
const SHOWN_CHARS_MAX = 60;

/** Reads one variable. An empty text counts as unset, which is what compose files produce. */
export function readVariable(
  variable: Variable,
  text: string | undefined,
): Reading<string | number | undefined> {
  if (text === undefined || text.trim() === '') {
    if (variable.default === undefined) {
      return { problem: `is not set; expected ${describe(variable)}` };
    }
    return { value: variable.default ?? undefined };
  }
  const value = text.trim();
  switch (variable.kind) {
    case 'integer':
    case 'number':
      return readNumber(variable, value);
    case 'choice':
      return variable.choices.includes(value) ? { value } : refuse(variable, value);
    case 'text':
      return variable.pattern?.test(value) === false ? refuse(variable, value) : { value };
    case 'url':
      return isUrl(variable, value) ? { value } : refuse(variable, value);
  }
}

function readNumber(variable: IntegerVariable, text: string): Reading<number> {
  const value = Number(text);
  const wellFormed = NUMBER.test(text) && (variable.kind === 'number' || Number.isInteger(value));
  if (!wellFormed || value < variable.min || value > variable.max) return refuse(variable, text);
  return { value };
}

function isUrl(variable: TextVariable, text: string): boolean {
  if (!URL.canParse(text)) return false;
  return variable.protocols?.includes(new URL(text).protocol) ?? true;
}

function refuse(variable: Variable, text: string): { readonly problem: string } {
  // A URL may hold a password, so only values that cannot be secrets are repeated.
  const secret = variable.kind === 'url' || (variable.kind === 'text' && variable.secret === true);
  const shown = secret ? 'has a value that is not allowed' : `is ${quote(text)}`;
  return { problem: `${shown}; expected ${describe(variable)}` };
}

function quote(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text,
  );
}

/** What is expected, in words: used by problems and by the generated page. */
export function describe(variable: Variable): string {
  switch (variable.kind) {
    case 'integer':
      return `a whole number from ${variable.min} to ${variable.max}`;
    case 'number':
      return `a number from ${variable.min} to ${variable.max}`;
    case 'choice':
      return `one of ${variable.choices.join(', ')}`;
    case 'text':
      return variable.expected ?? 'a text';
    case 'url': {
      const protocols = variable.protocols?.map((protocol) => `${protocol}//…`);
      return protocols === undefined ? 'a URL' : `a URL like ${protocols.join(' or ')}`;
    }
  }
}
