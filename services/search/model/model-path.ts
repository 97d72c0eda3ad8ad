/**
 * Searching the read model: finds the same as the tables, in microseconds. One search at a time, which
 * synchronous code is anyway; owns the columns it works in.
 */
import type { Found, FoundHit, SearchPath } from '../found.ts';
import type { Question } from '../question.ts';
import { keyLeast, keyOf, ORDERS, textScore } from '../ranking.ts';
import type { Reading } from '../readings.ts';
import { eachOf, isOf } from './areas.ts';
import { AskedWords } from './asked-words.ts';
import { Best } from './best.ts';
import { ANY_POINTS, eachCandidate } from './candidates.ts';
import * as cards from './cards.ts';
import { grown } from './columns.ts';
import { Judge } from './judge.ts';
import type { ReadModel } from './read-model.ts';

export function createModelPath(model: ReadModel): SearchPath {
  const search = new ModelSearch(model);
  const { documents, vendors } = model;
  return {
    search: (question, reading) => search.run(question, reading),
    known(words, typo) {
      const { dictionary } = documents;
      const known = words.filter((word) => dictionary.find(word) !== undefined);
      const meant = typo.filter(
        (word) => dictionary.find(word) !== undefined || dictionary.typosOf(word).length > 0,
      );
      return new Set([...known, ...meant]);
    },
    cuisines(beginning, limit) {
      return vendors.cuisineValues.texts
        .map((text, n) => ({ text, count: vendors.cuisineCounts[n] ?? 0 }))
        .filter(({ text, count }) => count > 0 && asWords(text).startsWith(beginning))
        .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1))
        .slice(0, limit)
        .map(({ text }) => text);
    },
  };
}

function asWords(cuisine: string): string {
  return cuisine.replaceAll(/[_-]/g, ' ');
}

class ModelSearch {
  private readonly model: ReadModel;
  private readonly words: AskedWords;
  private readonly judge: Judge;
  /** A bit for each document that was looked at in this reading. */
  private seen = new Int32Array(0);

  constructor(model: ReadModel) {
    this.model = model;
    this.words = new AskedWords(model.documents);
    this.judge = new Judge(model.vendors);
  }

  run(question: Question, reading: Reading): Found {
    const { documents } = this.model;
    const best = new Best(
      question.limit + 1,
      (a, b) => (documents.ids[a] as string) < (documents.ids[b] as string),
    );
    this.judge.begin(question);
    if (reading.words.length === 0) this.lookAtVendors(question, best);
    else this.lookAtMatches(question, reading, best);
    const hits = best.documents.map((document, n) =>
      this.hitOf(question, document, best.keys[n] as number),
    );
    return { hits, counted: this.judge.counted() };
  }

  private lookAtVendors(question: Question, best: Best): void {
    const { vendors, areas } = this.model;
    const { here, filters } = question;
    const offer = this.offering(question, best);
    const look = (slot: number): void => {
      const document = vendors.documentOf(slot);
      if (document < 0) return;
      const verdict = this.judge.verdictOf(slot);
      if (!this.judge.isOfInterest(verdict)) return;
      this.judge.count(slot);
      if (verdict === 0) offer(document, slot, 0, 0);
    };
    if (filters.deliversHere && here !== null) {
      eachOf(areas.around(here), look);
    } else {
      for (let slot = 0; slot < vendors.size; slot++) look(slot);
    }
  }

  private lookAtMatches(question: Question, reading: Reading, best: Best): void {
    const { documents, areas } = this.model;
    const { judge, words } = this;
    const { here, filters, vendors, products, facets } = question;
    const order = ORDERS[question.sort];
    const area = filters.deliversHere && here !== null ? areas.around(here) : null;
    this.seen = grown(this.seen, (documents.cards.length >> 5) + 1);
    const { seen } = this;
    seen.fill(0);
    const { needed } = reading;
    const isOneWord = reading.words.length === 1;
    const offer = this.offering(question, best);
    words.begin(reading);
    try {
      const { asked } = words;
      const searching = { documents, question, reading, asked, area, best };
      eachCandidate(searching, (document, most) => {
        // Runs have numbers that nothing stands at, also behind the last document.
        const card = documents.cards[document] ?? cards.FREE;
        const slot = cards.slotOf(card);
        if (slot < 0) return;
        const isVendor = !cards.isProduct(card);
        const nameWords = cards.nameWordsOf(card);
        // At best it is right here: most of a common word's documents end at this.
        const textMost = textScore(most, nameWords, isVendor);
        const tenths = cards.ratingTenthsOf(card);
        const soldOut = cards.soldOutOf(card);
        const isTooLate = best.worst < keyLeast(order, textMost, tenths, soldOut);
        if (isTooLate && !facets) return;
        if (area !== null && !isOf(area, slot)) return;
        const verdict = judge.verdictOf(slot);
        if (verdict !== 0 && !judge.isOfInterest(verdict)) return;
        if (isVendor ? !vendors : !products) return;
        const isKnown = isOneWord && most !== ANY_POINTS;
        const points = isKnown ? most : words.pointsOf(document, nameWords, needed);
        const bits = seen[document >> 5] as number;
        const bit = 1 << (document & 31);
        if (points < 0 || (bits & bit) !== 0) return;
        seen[document >> 5] = bits | bit;
        judge.count(slot);
        if (verdict === 0 && !isTooLate) {
          offer(document, slot, textScore(points, nameWords, isVendor), soldOut);
        }
      });
    } finally {
      words.end();
    }
  }

  /** Puts what passes among the best, unless it stood on an earlier page. */
  private offering(
    question: Question,
    best: Best,
  ): (document: number, slot: number, text: number, soldOut: number) => void {
    const { documents, vendors } = this.model;
    const { judge } = this;
    const { after } = question;
    const order = ORDERS[question.sort];
    return (document, slot, text, soldOut) => {
      const key = keyOf(
        order,
        text,
        vendors.ratingCentiOf(slot),
        judge.metersTo(slot),
        vendors.prepareSecondsOf(slot),
        soldOut,
      );
      if (key > best.worst) return;
      if (after !== null && key <= after.key) {
        if (key < after.key || (documents.ids[document] as string) <= after.id) return;
      }
      best.offer(key, document);
    };
  }

  private hitOf({ here, nowMs }: Question, document: number, key: number): FoundHit {
    const { documents, vendors } = this.model;
    const slot = documents.slotOf(document);
    const product = documents.products[document] ?? null;
    return {
      type: product === null ? 'vendor' : 'product',
      id: documents.ids[document] as string,
      key,
      vendor: vendors.facts[slot] as FoundHit['vendor'],
      product,
      meters: here === null ? null : this.judge.metersTo(slot),
      open: vendors.isOpen(slot, nowMs),
    };
  }
}
