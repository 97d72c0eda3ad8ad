/**
 * Searching the read model: finds the same as the tables, in microseconds. One search at a time, which
 * synchronous code is anyway; owns the columns it works in.
 */
import type { Found, FoundHit, SearchPath } from '../found.ts';
import type { Question } from '../question.ts';
import { type Standing, sortKey, textScore } from '../ranking.ts';
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
    for (const place of around) {
      for (const slot of place.vendors) {
        const document = vendors.document[slot] as number;
        if (document < 0 || !this.judge.isOfInterest(slot)) continue;
        this.judge.count(slot);
        if (this.judge.passes(slot)) this.offer(question, best, document, 0);
      }
    }
  }

  private lookAtMatches(question: Question, reading: Reading, best: Best): void {
    const { documents, places } = this.model;
    const { here, filters } = question;
    const around = filters.deliversHere && here !== null ? places.reaching(here) : null;
    this.seenIn = grown(this.seenIn, documents.vendor.length);
    const search = this.nextSearch();
    const { seenIn } = this;
    this.words.begin(reading);
    try {
      const { asked } = this.words;
      eachCandidate(documents, { question, reading }, { asked, places: around }, (document) => {
        if (seenIn[document] === search) return;
        seenIn[document] = search;
        const slot = documents.vendor[document] as number;
        if (!(slot >= 0) || !this.judge.isOfInterest(slot)) return;
        const isVendor = documents.type[document] === VENDOR;
        if (isVendor ? !question.vendors : !question.products) return;
        const points = this.words.pointsOf(document, reading.needed);
        if (points < 0) return;
        this.judge.count(slot);
        if (!this.judge.passes(slot)) return;
        const text = textScore(points, documents.nameWords[document] as number, isVendor);
        this.offer(question, best, document, text);
      });
    } finally {
      this.words.end();
    }
  }

  private offer(question: Question, best: Best, document: number, text: number): void {
    const key = sortKey(question.sort, text, this.standingOf(question, document));
    const { after } = question;
    if (after !== null) {
      const isBefore = key < after.key;
      const isAtOrBefore =
        key === after.key && (this.model.documents.ids[document] as string) <= after.id;
      if (isBefore || isAtOrBefore) return;
    }
    // -0 and 0 are one key to a list and two to whoever compares answers.
    best.offer(key + 0, document);
  }

  private standingOf({ here }: Question, document: number): Standing {
    const { documents, vendors } = this.model;
    const slot = documents.vendor[document] as number;
    return {
      ratingCenti: vendors.ratingCenti[slot] as number,
      meters: here === null ? null : (this.judge.meters[slot] as number),
      prepareSeconds: vendors.prepareSeconds[slot] as number,
      soldOut: documents.soldOut[document] === 1,
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
