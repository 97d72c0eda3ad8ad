/**
 * Which documents a search looks at: those that have its rarest word, or all of a neighbourhood,
 * whichever are fewer. Owns no verdict: what comes from here may still lack words or be filtered.
 */
import type { Question } from '../question.ts';
import type { Reading } from '../readings.ts';
import type { AskedWord } from './asked-words.ts';
import { type DocumentTable, LISTS_PER_WORD } from './document-table.ts';
import type { Neighbourhood } from './neighbourhoods.ts';
import type { Postings } from './postings.ts';

/** Looking a run up in a list costs about as much as this many of its numbers. */
const RUN_COST = 6;
/** Reading the words of a document, against taking a number from a list. */
const DOCUMENT_COST = 2;

export type Look = (document: number) => void;

/** Calls with each candidate; with one that has several words, more than once. */
export function eachCandidate(
  documents: DocumentTable,
  { question, reading }: { readonly question: Question; readonly reading: Reading },
  {
    asked,
    places,
  }: { readonly asked: readonly AskedWord[]; readonly places: Neighbourhood[] | null },
  look: Look,
): void {
  // What lacks one word of all has at least one of any two.
  const rare = asked.map((word) => listsOf(documents, word, question));
  rare.sort((a, b) => a.length - b.length);
  const lists = rare
    .slice(0, 1 + reading.words.length - reading.needed)
    .flatMap((each) => each.lists);
  if (places === null) {
    for (const list of lists) eachOf(list, 0, list.length, look);
    return;
  }
  const runs = places.flatMap((place) => place.runs).sort(([a], [b]) => a - b);
  const cost = lists.reduce((sum, { length }) => sum + Math.min(length, runs.length * RUN_COST), 0);
  const within = places.reduce((sum, place) => sum + place.documents, 0);
  if (cost > within * DOCUMENT_COST) {
    for (const [from, to] of runs)
      for (let document = from; document < to; document++) look(document);
    return;
  }
  for (const list of lists) {
    if (list.length <= runs.length * RUN_COST) eachOf(list, 0, list.length, look);
    else eachWithin(list, runs, look);
  }
}

interface Lists {
  readonly lists: Postings[];
  readonly length: number;
}

function listsOf(documents: DocumentTable, word: AskedWord, question: Question): Lists {
  const lists: Postings[] = [];
  let length = 0;
  const first = question.vendors ? 0 : 2;
  const last = question.products ? LISTS_PER_WORD : 2;
  for (const number of word.numbers) {
    for (let n = first; n < last; n++) {
      const list = documents.lists[number * LISTS_PER_WORD + n];
      if (list === undefined || list.length === 0) continue;
      lists.push(list);
      length += list.length;
    }
  }
  return { lists, length };
}

function eachOf({ data }: Postings, from: number, to: number, look: Look): void {
  for (let at = from; at < to; at++) look(data[at] as number);
}

function eachWithin(
  list: Postings,
  runs: readonly (readonly [from: number, to: number])[],
  look: Look,
): void {
  let at = 0;
  for (const [from, to] of runs) {
    at = list.firstNotBefore(from, at);
    while (at < list.length && (list.data[at] as number) < to) look(list.data[at++] as number);
    if (at === list.length) return;
  }
}
