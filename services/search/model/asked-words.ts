/**
 * The words of a question in the numbers of the read model: for each, which known words count as it
 * and how well. Owns a table per word asked, cleared after each search.
 */
import { POINTS } from '../ranking.ts';
import { mayBegin, type Reading } from '../readings.ts';
import { grown } from './columns.ts';
import type { DocumentTable } from './document-table.ts';

const TYPO = 1;
const PREFIX = 2;
const EXACT = 3;
/** Where the points of words that are not of the name begin. */
const OTHER = 4;
/** Points by `field * 4 + match`; field 0 is the name. */
const POINTS_BY_MATCH = Uint8Array.from([
  ...[0, POINTS.name.typo, POINTS.name.prefix, POINTS.name.exact],
  ...[0, POINTS.other.typo, POINTS.other.prefix, POINTS.other.exact],
]);

/** Points of a word that counts so, in the name or elsewhere. */
export function pointsOfMatch(match: number, isName: boolean): number {
  return POINTS_BY_MATCH[isName ? match : OTHER + match] as number;
}

/** One word asked. */
export interface AskedWord {
  /** Numbers of the words that count as it. */
  readonly numbers: number[];
  /** By number of a word: how it counts as this one; 0: not at all. */
  matches: Uint8Array;
}

export class AskedWords {
  private readonly documents: DocumentTable;
  private readonly pool: AskedWord[] = [];
  /** Those of the search under way. */
  readonly asked: AskedWord[] = [];

  constructor(documents: DocumentTable) {
    this.documents = documents;
  }

  begin({ words }: Reading): void {
    const { dictionary } = this.documents;
    words.forEach((word, n) => {
      const asked = this.pool[n] ?? { numbers: [], matches: new Uint8Array(0) };
      this.pool[n] = asked;
      this.asked.push(asked);
      asked.matches = grown(asked.matches, dictionary.size);
      const take = (number: number, match: number): void => {
        if (asked.matches[number] === 0) asked.numbers.push(number);
        if ((asked.matches[number] as number) < match) asked.matches[number] = match;
      };
      const exact = dictionary.find(word);
      if (exact !== undefined) take(exact, EXACT);
      if (mayBegin(words, n)) dictionary.eachBeginningWith(word, (number) => take(number, PREFIX));
      for (const number of dictionary.typosOf(word)) take(number, TYPO);
    });
  }

  end(): void {
    for (const { numbers, matches } of this.asked) {
      for (const number of numbers) matches[number] = 0;
      numbers.length = 0;
    }
    this.asked.length = 0;
  }

  /** Points of a document; -1: it has fewer of the words than are needed. */
  pointsOf(document: number, nameWords: number, needed: number): number {
    const { documents, asked } = this;
    const { words } = documents;
    const at = documents.wordsAt[document] as number;
    const from = at + 1;
    const nameEnd = from + nameWords;
    const end = from + (words[at] as number);
    let points = 0;
    let missing = asked.length - needed;
    for (let word = 0; word < asked.length; word++) {
      const { matches } = asked[word] as AskedWord;
      let best = 0;
      for (let n = from; n < end; n++) {
        const match = matches[words[n] as number] as number;
        if (match === 0) continue;
        const worth = POINTS_BY_MATCH[n < nameEnd ? match : OTHER + match] as number;
        if (worth > best) best = worth;
      }
      if (best === 0 && --missing < 0) return -1;
      points += best;
    }
    return points;
  }
}
