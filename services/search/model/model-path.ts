/**
 * Searching the read model: finds the same as the tables, in microseconds. One search at a time, which
 * synchronous code is anyway; owns the columns it works in.
 */
import type { Found, FoundHit, SearchPath } from '../found.ts';
import type { Question } from '../question.ts';
import { keyOf, ORDERS, textScore } from '../ranking.ts';
import type { Reading } from '../readings.ts';
import { AskedWords } from './asked-words.ts';
import { Best } from './best.ts';
import { eachCandidate } from './candidates.ts';
import { grown } from './columns.ts';
import { VENDOR } from './document-table.ts';
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
  private seenIn = new Int32Array(0);
  private searches = 0;

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
    const { vendors, places } = this.model;
    const { here, filters } = question;
    const around = filters.deliversHere && here !== null ? places.reaching(here) : places.all();
    const offer = this.offering(question, best);
    for (const place of around) {
      for (const slot of place.vendors) {
        const document = vendors.document[slot] as number;
        if (document < 0) continue;
        const verdict = this.judge.verdictOf(slot);
        if (!this.judge.isOfInterest(verdict)) continue;
        this.judge.count(slot);
        if (verdict === 0) offer(document, slot, 0);
      }
    }
  }

  private lookAtMatches(question: Question, reading: Reading, best: Best): void {
    const { documents, places } = this.model;
    const { judge, words } = this;
    const { here, filters, vendors, products, facets } = question;
    const { ratingCenti } = this.model.vendors;
    const order = ORDERS[question.sort];
    const isRanked = !facets && (order === ORDERS.relevance || order === ORDERS.rating);
    const around = filters.deliversHere && here !== null ? places.reaching(here) : null;
    this.seenIn = grown(this.seenIn, documents.vendor.length);
    const search = this.nextSearch();
    const { seenIn } = this;
    const { vendor: slots, type: types, nameWords } = documents;
    const { needed } = reading;
    const offer = this.offering(question, best);
    words.begin(reading);
    try {
      const { asked } = words;
      const searching = { documents, question, reading, asked, places: around, best };
      eachCandidate(searching, (document, most) => {
        if (seenIn[document] === search) return;
        seenIn[document] = search;
        const slot = slots[document] as number;
        // Runs have numbers that nothing stands at, also behind the last document.
        if (!(slot >= 0)) return;
        const isVendor = types[document] === VENDOR;
        if (isRanked) {
          // At best it is right here: most of a common word's documents end at this.
          const text = textScore(most, nameWords[document] as number, isVendor);
          if (best.worst < keyOf(order, text, ratingCenti[slot] as number, 0, 0, 0)) return;
        }
        const verdict = judge.verdictOf(slot);
        if (verdict !== 0 && !judge.isOfInterest(verdict)) return;
        if (isVendor ? !vendors : !products) return;
        const points = words.pointsOf(document, needed);
        if (points < 0) return;
        judge.count(slot);
        if (verdict === 0) {
          offer(document, slot, textScore(points, nameWords[document] as number, isVendor));
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
  ): (document: number, slot: number, text: number) => void {
    const { documents, vendors } = this.model;
    const { meters } = this.judge;
    const { after, here } = question;
    const order = ORDERS[question.sort];
    return (document, slot, text) => {
      const key = keyOf(
        order,
        text,
        vendors.ratingCenti[slot] as number,
        here === null ? 0 : (meters[slot] as number),
        vendors.prepareSeconds[slot] as number,
        documents.soldOut[document] as number,
      );
      if (after !== null && key <= after.key) {
        if (key < after.key || (documents.ids[document] as string) <= after.id) return;
      }
      best.offer(key, document);
    };
  }

  private hitOf({ here, nowMs }: Question, document: number, key: number): FoundHit {
    const { documents, vendors } = this.model;
    const slot = documents.vendor[document] as number;
    return {
      type: documents.type[document] === VENDOR ? 'vendor' : 'product',
      id: documents.ids[document] as string,
      key,
      vendor: vendors.facts[slot] as FoundHit['vendor'],
      product: documents.products[document] ?? null,
      meters: here === null ? null : (this.judge.meters[slot] as number),
      open: vendors.isOpen(slot, nowMs),
    };
  }

  private nextSearch(): number {
    if (++this.searches > 0x7ffffff0) {
      this.seenIn.fill(0);
      this.searches = 1;
    }
    return this.searches;
  }
}
