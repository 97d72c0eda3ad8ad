/**
 * How the words of a question may be read. First as they stand: all of them. When nothing has all:
 * with a space that was forgotten, typed too much or hit instead of a letter; at last, all but one.
 * Pure; whoever searches tries them in this order and stays with the first that finds something.
 */
export interface Reading {
  readonly words: readonly string[];
  /** How many of the words a document must have. */
  readonly needed: number;
  /** Names the reading in a cursor: `all`, `join:1`, `split:0:6:1`, `relaxed`. */
  readonly code: string;
}

/** Repairs tried: each costs a search. */
export const REPAIRS_MAX = 6;
const JOINED_CHARS_MIN = 4;
const PIECE_CHARS_MIN = 2;

export function asItStands(words: readonly string[]): Reading {
  return { words, needed: words.length, code: 'all' };
}

/** null: with one word there is nothing to leave out. */
export function relaxed(words: readonly string[]): Reading | null {
  return words.length < 2 ? null : { words, needed: words.length - 1, code: 'relaxed' };
}

/** Readings with one space repaired; those of known words alone are worth a search (see `pieces`). */
export interface Repair {
  readonly reading: Reading;
  /** What the space is repaired to: all must be words that are known. */
  readonly pieces: readonly string[];
  /** A joined word may have a typing error besides. */
  readonly typoAllowed: boolean;
}

export function repairsOf(words: readonly string[]): Repair[] {
  return [...joins(words), ...splits(words)];
}

function joins(words: readonly string[]): Repair[] {
  return words.flatMap((word, n) => {
    const joined = word + (words[n + 1] ?? '');
    if (n + 1 >= words.length || joined.length < JOINED_CHARS_MIN) return [];
    const changed = different([...words.slice(0, n), joined, ...words.slice(n + 2)]);
    const reading = { words: changed, needed: changed.length, code: `join:${n}` };
    return [{ reading, pieces: [joined], typoAllowed: true }];
  });
}

function splits(words: readonly string[]): Repair[] {
  return words.flatMap((word, n) => {
    const found: Repair[] = [];
    // A space forgotten (0), or another letter hit instead of it (1).
    for (const lost of [0, 1]) {
      for (let at = PIECE_CHARS_MIN; at + lost + PIECE_CHARS_MIN <= word.length; at++) {
        const pieces = [word.slice(0, at), word.slice(at + lost)];
        const changed = different([...words.slice(0, n), ...pieces, ...words.slice(n + 1)]);
        const reading = {
          words: changed,
          needed: changed.length,
          code: `split:${n}:${at}:${lost}`,
        };
        found.push({ reading, pieces, typoAllowed: false });
      }
    }
    return found;
  });
}

function different(words: readonly string[]): string[] {
  return [...new Set(words)];
}

/** The reading that a cursor names; null: none of these words. */
export function readingNamed(words: readonly string[], code: string): Reading | null {
  if (code === 'all') return asItStands(words);
  if (code === 'relaxed') return relaxed(words);
  return repairsOf(words).find(({ reading }) => reading.code === code)?.reading ?? null;
}

/** Whether a word asked may be the beginning of a longer one: the last one always may. */
export function mayBegin(words: readonly string[], n: number): boolean {
  return (words[n]?.length ?? 0) >= 2 || n === words.length - 1;
}
