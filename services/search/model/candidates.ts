/**
 * Which documents a search looks at: those that have its rarest word, or all of a neighbourhood,
 * whichever are fewer; the most promising first, and none that cannot enter the page any more. Owns no
 * verdict: what comes from here may still lack words or be filtered.
 */
import type { Question } from '../question.ts';
import { keyLeast, ORDERS, pointsMost, RATING_TENTHS_MAX, textScore } from '../ranking.ts';
import type { Reading } from '../readings.ts';
import type { Area } from './areas.ts';
import { type AskedWord, pointsOfMatch } from './asked-words.ts';
import type { Best } from './best.ts';
import { type DocumentTable, LISTS_PER_WORD } from './document-table.ts';
import type { Postings } from './postings.ts';

/** Looking a run up in a list costs about as much as this many of its numbers. */
const RUN_COST = 6;
/** Reading the words of a document, against taking a number from a list. */
const DOCUMENT_COST = 2;

/** `most`: points that the document may have at most; of one word asked, those that it has. */
export type Look = (document: number, most: number) => void;

export interface Searching {
  readonly documents: DocumentTable;
  readonly question: Question;
  readonly reading: Reading;
  readonly asked: readonly AskedWord[];
  /** null: everywhere. */
  readonly area: Area | null;
  readonly best: Best;
}

/** Nothing is known before its words are read. */
export const ANY_POINTS = Number.POSITIVE_INFINITY;

/** Calls with each candidate; with one that has several words, more than once. */
export function eachCandidate(searching: Searching, look: Look): void {
  const { asked, reading, area, question, best } = searching;
  // What lacks one word of all has at least one of any two.
  const rare = asked.map((word) => listsOf(searching, word));
  rare.sort((a, b) => a.length - b.length);
  const lists = rare.slice(0, 1 + reading.words.length - reading.needed).flatMap((of) => of.lists);
  if (area !== null && isFewer(area, lists)) {
    for (let run = 0; run < area.runs.length; run += 2) {
      const to = area.runs[run + 1] as number;
      for (let document = area.runs[run] as number; document < to; document++) {
        look(document, ANY_POINTS);
      }
    }
    return;
  }
  lists.sort((a, b) => b.textMost - a.textMost);
  const order = ORDERS[question.sort];
  for (const { list, most, textMost } of lists) {
    // Facets count all there is; a page only takes the best.
    if (!question.facets && best.worst < keyLeast(order, textMost, RATING_TENTHS_MAX, 0)) return;
    if (area === null) eachOf(list, most, look);
    else eachWithin(list, area.runs, most, look);
  }
}

/** Whether the documents of an area are fewer than what the lists would have us look at. */
function isFewer({ documents, runs }: Area, lists: readonly RankedList[]): boolean {
  let cost = 0;
  for (const { list } of lists) cost += Math.min(list.length, (runs.length / 2) * RUN_COST);
  return cost > documents * DOCUMENT_COST;
}

interface RankedList {
  readonly list: Postings;
  /** Points that those of its documents may have which are in no better list, */
  readonly most: number;
  /** and the text of such a one whose name is nothing but the words asked. */
  readonly textMost: number;
}

function listsOf(
  { documents, question, asked }: Searching,
  word: AskedWord,
): { readonly lists: RankedList[]; readonly length: number } {
  const lists: RankedList[] = [];
  let length = 0;
  const first = question.vendors ? 0 : 2;
  const end = question.products ? LISTS_PER_WORD : 2;
  for (const number of word.numbers) {
    const match = word.matches[number] as number;
    for (let n = first; n < end; n++) {
      const list = documents.lists[number * LISTS_PER_WORD + n];
      if (list === undefined || list.length === 0) continue;
      const points = pointsOfMatch(match, n % 2 === 0);
      const others = asked.length - 1;
      const most = pointsMost(points, others);
      // Words asked differ, so each that stands in the name takes a word of it.
      lists.push({ list, most, textMost: textScore(most, Math.max(1, others), n < 2) });
      length += list.length;
    }
  }
  return { lists, length };
}

function eachOf({ data, length }: Postings, most: number, look: Look): void {
  for (let at = 0; at < length; at++) look(data[at] as number, most);
}

function eachWithin(list: Postings, runs: Int32Array, most: number, look: Look): void {
  const { data, length } = list;
  let at = 0;
  for (let run = 0; run < runs.length; run += 2) {
    at = list.firstNotBefore(runs[run] as number, at);
    const to = runs[run + 1] as number;
    while (at < length && (data[at] as number) < to) look(data[at++] as number, most);
    if (at === length) return;
  }
}
