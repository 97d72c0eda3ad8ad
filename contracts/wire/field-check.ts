/**
 * Collects what is wrong with the fields of an untrusted object. Owns no message: the readers of
 * messages use it to name every field and what was expected of it.
 */
import type { FieldProblem } from '../errors.ts';
import { type Id, type IdKind, isId } from '../ids.ts';

export type Untrusted = Readonly<Record<string, unknown>>;

/** Whether a value is a plain object. */
export function isObject(value: unknown): value is Untrusted {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Each method returns the value as it should be; when it is not, it notes a problem. */
export class FieldCheck {
  readonly problems: FieldProblem[] = [];
  private readonly source: Untrusted;
  private readonly path: string;

  constructor(source: Untrusted, path = '') {
    this.source = source;
    this.path = path;
  }

  get isGood(): boolean {
    return this.problems.length === 0;
  }

  refuse(name: string, expected: string): void {
    this.problems.push({ field: `${this.path}/${name}`, expected });
  }

  has(name: string): boolean {
    return this.source[name] !== undefined;
  }

  text(name: string, charsMax: number): string {
    const value = this.source[name];
    if (typeof value === 'string' && value.length > 0 && value.length <= charsMax) return value;
    this.refuse(name, `text of 1 to ${charsMax} characters`);
    return '';
  }

  number(name: string, min: number, max: number): number {
    const value = this.source[name];
    if (typeof value === 'number' && value >= min && value <= max) return value;
    this.refuse(name, `a number from ${min} to ${max}`);
    return 0;
  }

  integer(name: string, min: number, max: number): number {
    const value = this.source[name];
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    this.refuse(name, `an integer from ${min} to ${max}`);
    return 0;
  }

  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.source[name];
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.refuse(name, `one of ${choices.join(', ')}`);
    return found ?? (choices[0] as T);
  }

  flag(name: string): boolean {
    const value = this.source[name];
    if (typeof value !== 'boolean') this.refuse(name, 'true or false');
    return value === true;
  }

  id<K extends IdKind>(name: string, kind: K): Id<K> {
    const value = this.source[name];
    if (isId(kind, value)) return value;
    this.refuse(name, `an id of a ${kind}`);
    return '';
  }

  /** A nested object; its problems join these. */
  inside<T>(name: string, read: (check: FieldCheck) => T): T | undefined {
    const value = this.source[name];
    if (!isObject(value)) {
      this.refuse(name, 'an object');
      return undefined;
    }
    const check = new FieldCheck(value, `${this.path}/${name}`);
    const result = read(check);
    this.problems.push(...check.problems);
    return result;
  }

  list<T>(name: string, lengthMax: number, read: (value: unknown) => T | undefined): T[] {
    const value = this.source[name];
    if (!Array.isArray(value) || value.length > lengthMax) {
      this.refuse(name, `a list of at most ${lengthMax}`);
      return [];
    }
    return value.flatMap((item: unknown, index) => {
      const result = read(item);
      if (result === undefined) this.refuse(`${name}/${index}`, 'a valid item');
      return result === undefined ? [] : [result];
    });
  }
}
