/** Words of a reading as full-text queries, and the points they bring. Pure: values only, no SQL text. */
import { POINTS } from './ranking.ts';
import { mayBegin, type Reading } from './readings.ts';
import { joined, type Sql, sql } from './sql-text.ts';

type Weight = 'A' | 'B';

/** A word asked with what counts as it, in tsquery syntax. Words are letters and digits only. */
interface Asked {
  exact(weight: Weight | ''): string;
  prefix(weight: Weight | ''): string | null;
  typo(weight: Weight | ''): string | null;
}

function askedOf(word: string, begins: boolean, alike: readonly string[]): Asked {
  return {
    exact: (weight) => `'${word}':${weight || 'AB'}`,
    prefix: (weight) => (begins ? `'${word}':*${weight}` : null),
    typo: (weight) =>
      alike.length === 0 ? null : alike.map((each) => `'${each}':${weight || 'AB'}`).join(' | '),
  };
}

export interface Matching {
  /** What a document must match, as tsquery text. */
  readonly query: string;
  /** Points of a document `d`. */
  readonly points: Sql;
}

export function matchingOf(reading: Reading, alike: ReadonlyMap<string, string[]>): Matching {
  const { words, needed } = reading;
  const asked = words.map((word, n) => askedOf(word, mayBegin(words, n), alike.get(word) ?? []));
  const each = asked.map((word) => {
    const ways = [word.exact(''), word.prefix(''), word.typo('')].filter((way) => way !== null);
    return `(${ways.join(' | ')})`;
  });
  // All of them, or each choice that leaves one out.
  const choices =
    needed === words.length ? [each] : each.map((_, left) => each.filter((_word, n) => n !== left));
  const query = choices.map((choice) => `(${choice.join(' & ')})`).join(' | ');
  return { query, points: joined(asked.map(pointsOf), ' + ') };
}

function pointsOf(asked: Asked): Sql {
  const ways = (['A', 'B'] as const).flatMap((weight) => {
    const points = POINTS[weight === 'A' ? 'name' : 'other'];
    return [
      { query: asked.exact(weight), points: points.exact },
      { query: asked.prefix(weight), points: points.prefix },
      { query: asked.typo(weight), points: points.typo },
    ];
  });
  const cases = ways
    .sort((a, b) => b.points - a.points)
    .flatMap(({ query, points }) =>
      query === null ? [] : [sql`WHEN d.words @@ ${query}::tsquery THEN ${points}::integer`],
    );
  return sql`CASE ${joined(cases, ' ')} ELSE 0 END`;
}
