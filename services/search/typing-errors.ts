/**
 * One typing error: a letter too many, one missing, another one, or two that changed places. Owns
 * when a word asked counts as a word known, and finding such words without looking at all of them.
 */
/** Shorter words must be right: with one letter changed they could be any other. */
export const TYPO_CHARS_MIN = 3;

/** Whether exactly one typing error makes one word of the other; equal words have none. */
export function isOneErrorApart(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1 || a === b) return false;
  let at = 0;
  while (at < short.length && short.charCodeAt(at) === long.charCodeAt(at)) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  if (short.slice(at + 1) === long.slice(at + 1)) return true;
  return (
    short[at] === long[at + 1] &&
    short[at + 1] === long[at] &&
    short.slice(at + 2) === long.slice(at + 2)
  );
}

/** Whether a word asked may be meant for a word known, though it is not the same. */
export function isTypoOf(asked: string, known: string): boolean {
  return (
    asked.length >= TYPO_CHARS_MIN &&
    known.length >= TYPO_CHARS_MIN &&
    isOneErrorApart(asked, known)
  );
}

/**
 * Hashes of a word and of the word without each of its letters. Two words with one error between them
 * share one; words that share one may still differ more, so whoever finds them looks again.
 */
export function errorKeys(word: string): number[] {
  const keys = [hashWithout(word, word.length)];
  for (let n = 0; n < word.length; n++) {
    const key = hashWithout(word, n);
    if (!keys.includes(key)) keys.push(key);
  }
  return keys;
}

/** FNV-1a of a word without the letter at one place: a search asks for many, and none becomes text. */
function hashWithout(word: string, place: number): number {
  let hash = 0x811c9dc5;
  for (let n = 0; n < word.length; n++) {
    if (n !== place) hash = Math.imul(hash ^ word.charCodeAt(n), 0x01000193);
  }
  return hash;
}

/** The word with two neighbours exchanged, at each place. */
export function exchanges(word: string): string[] {
  const found = new Set<string>();
  for (let n = 0; n + 1 < word.length; n++) {
    found.add(word.slice(0, n) + word[n + 1] + word[n] + word.slice(n + 2));
  }
  found.delete(word);
  return [...found];
}
