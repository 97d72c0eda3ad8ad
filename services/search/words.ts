/**
 * What a word is: one reading of text for what is searched and for what is asked, so that both meet.
 * Owns nothing but that; text is data here whatever it looks like, and only letters and digits leave.
 */

/** Longest word kept; the rest of it is cut off on both sides alike. */
const WORD_CHARS_MAX = 32;
/** Longest text read. */
const TEXT_CHARS_MAX = 300;
/** Words of a name, and of everything else that is said of a document. */
export const NAME_WORDS_MAX = 12;
export const OTHER_WORDS_MAX = 16;
/** Words of a question. */
export const ASKED_WORDS_MAX = 8;

/** Letters that do not come apart into a plain one and its mark. */
const FOLDED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};
const PLAIN = /^[a-z0-9 ]*$/;

/** Different words of a text in their order: lower case, without marks, letters and digits only. */
export function wordsOf(text: string, wordsMax: number): string[] {
  const words = inOrder(text, wordsMax);
  return [...new Set(words)];
}

/** Words of a question; a word asked twice is asked once. */
export function askedWords(text: string): string[] {
  return wordsOf(text, ASKED_WORDS_MAX);
}

function inOrder(text: string, wordsMax: number): string[] {
  const short = text.slice(0, TEXT_CHARS_MAX).toLowerCase();
  const plain = PLAIN.test(short) ? short : folded(short);
  const words: string[] = [];
  for (const word of plain.split(' ')) {
    if (word === '') continue;
    words.push(word.slice(0, WORD_CHARS_MAX));
    if (words.length === wordsMax) break;
  }
  return words;
}

function folded(text: string): string {
  return (
    text
      .normalize('NFKD')
      .toLowerCase()
      // "Joe's" is asked for as "joes" as often as not.
      .replaceAll(/[\p{M}'’‘`´]/gu, '')
      .replaceAll(/[ßæœøłđðþı]/g, (letter) => FOLDED[letter] ?? letter)
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
  );
}
