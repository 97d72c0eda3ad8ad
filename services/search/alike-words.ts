/** Words of the table that are meant by misspelt ones: candidates by trigrams, then looked at. */
import type { Database } from '../../platform/database.ts';
import { exchanges, isTypoOf, TYPO_CHARS_MIN } from './typing-errors.ts';

/**
 * Least similarity of trigrams of words with one error between them: four letters with the two in the
 * middle exchanged share one of nine. Words of three letters with the first two exchanged share none,
 * so exchanges are asked for by name.
 */
const SIMILARITY_MIN = '0.1';

/** For each word, the words known with exactly one typing error between them. */
export async function alikeWords(
  database: Database,
  words: readonly string[],
): Promise<Map<string, string[]>> {
  const long = words.filter((word) => word.length >= TYPO_CHARS_MIN);
  const alike = new Map<string, string[]>();
  if (long.length === 0) return alike;
  const rows = await database.transaction(async (trx) => {
    await trx.raw(`SELECT set_config('pg_trgm.similarity_threshold', ?, true)`, [SIMILARITY_MIN]);
    const { rows: found } = await trx.raw<{ rows: { asked: string; word: string }[] }>(
      `SELECT asked, word FROM unnest(?::text[]) AS asked JOIN words
         ON word OPERATOR(public.%) asked
         AND length(word) BETWEEN length(asked) - 1 AND length(asked) + 1
       UNION
       SELECT asked, word FROM unnest(?::text[], ?::text[]) AS other (asked, exchanged)
       JOIN words ON word = exchanged`,
      [long, ...exchangedPairs(long)],
    );
    return found;
  });
  for (const { asked, word } of rows) {
    if (!isTypoOf(asked, word)) continue;
    const found = alike.get(asked);
    if (found === undefined) alike.set(asked, [word]);
    else found.push(word);
  }
  return alike;
}

function exchangedPairs(words: readonly string[]): [string[], string[]] {
  const asked: string[] = [];
  const exchanged: string[] = [];
  for (const word of words) {
    for (const each of exchanges(word)) {
      asked.push(word);
      exchanged.push(each);
    }
  }
  return [asked, exchanged];
}

/** Which of these words are known as they are. */
export async function wordsKnown(database: Database, words: readonly string[]): Promise<string[]> {
  if (words.length === 0) return [];
  return database.knex<{ word: string }>('words').whereIn('word', words).pluck('word');
}
