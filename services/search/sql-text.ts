/** Text of queries put together from parts, each with its values: nothing asked ever becomes SQL. */

import type { Knex } from '../../platform/database.ts';

/** What becomes a parameter. */
export type Value = string | number | boolean | null | readonly string[] | readonly number[];

/** SQL with its values, in the order of their question marks. */
export interface Sql {
  readonly text: string;
  readonly values: readonly Value[];
}

/** Runs one; rows come as the caller says they are. */
export async function rowsOf<T>(knex: Knex, { text, values }: Sql): Promise<T[]> {
  const { rows } = await knex.raw<{ rows: T[] }>(text, values as Knex.RawBinding[]);
  return rows;
}

/** Values become parameters; parts that are SQL themselves are put in as they are. */
export function sql(parts: TemplateStringsArray, ...given: readonly (Value | Sql)[]): Sql {
  let text = parts[0] ?? '';
  const values: Value[] = [];
  given.forEach((each, n) => {
    if (isSql(each)) {
      text += each.text;
      values.push(...each.values);
    } else {
      text += '?';
      values.push(each);
    }
    text += parts[n + 1] ?? '';
  });
  return { text, values };
}

export function joined(parts: readonly Sql[], between: string): Sql {
  return {
    text: parts.map(({ text }) => text).join(between),
    values: parts.flatMap(({ values }) => values),
  };
}

function isSql(each: Value | Sql): each is Sql {
  return typeof each === 'object' && each !== null && 'text' in each && 'values' in each;
}
