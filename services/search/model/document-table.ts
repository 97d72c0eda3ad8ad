/**
 * Owns the documents of the read model: their words, and for each word the documents that have it,
 * apart for vendors and products, for names and for all else.
 */
import type { FoundProduct } from '../found.ts';
import * as cards from './cards.ts';
import { grown } from './columns.ts';
import { Dictionary } from './dictionary.ts';
import { Postings } from './postings.ts';
import type { ModelDocument } from './rows.ts';

export const VENDOR = 0;
export const PRODUCT = 1;
/** Lists of a word: two of names and others for vendors, then two for products. */
export const LISTS_PER_WORD = 4;
const SHARED_TEXTS_MAX = 200_000;

/** Numbers of a document's words, those of its name first. */
export interface DocumentWords {
  readonly numbers: readonly number[];
  readonly ofName: number;
}

export class DocumentTable {
  readonly dictionary = new Dictionary();
  readonly lists: (Postings | undefined)[] = [];
  readonly ids: string[] = [];
  readonly products: (FoundProduct | null)[] = [];
  /** See `cards.ts`. */
  cards = new Int32Array(0);
  /** Where in `words` it says how many words it has; they follow, those of the name first. */
  wordsAt = new Int32Array(0);
  words = new Int32Array(1_024);
  private wordsEnd = 0;
  private wordsLeft = 0;
  private readonly numbers = new Map<string, number>();
  private readonly shared = new Map<string, string>();

  get size(): number {
    return this.numbers.size;
  }

  numberOf(id: string): number | undefined {
    return this.numbers.get(id);
  }

  /** Words of a tsvector as Postgres writes it: `'golden':1A 'italian':3B`. */
  readWords(text: string): DocumentWords {
    const ofName: number[] = [];
    const others: number[] = [];
    for (const part of text === '' ? [] : text.split(' ')) {
      const number = this.dictionary.add(part.slice(1, part.lastIndexOf("'")));
      (part.endsWith('A') ? ofName : others).push(number);
    }
    return { numbers: [...ofName, ...others], ofName: ofName.length };
  }

  /** Whether a document already has just these words. */
  hasWords(document: number, { numbers, ofName }: DocumentWords): boolean {
    const at = this.wordsAt[document] as number;
    const nameWords = cards.nameWordsOf(this.cards[document] as number);
    if (nameWords !== ofName || this.words[at] !== numbers.length) return false;
    return numbers.every((number, n) => this.words[at + 1 + n] === number);
  }

  /** Puts a document at a number that is free. `sorted`: lists stay in order; otherwise sort later. */
  put(
    document: number,
    row: ModelDocument,
    { slot, ratingCenti, sorted }: { slot: number; ratingCenti: number; sorted: boolean },
  ): void {
    const words = this.readWords(row.words);
    this.makeRoom(document + 1);
    this.numbers.set(row.id, document);
    this.ids[document] = row.id;
    this.wordsAt[document] = this.append(words.numbers);
    this.change(document, row, { slot, ratingCenti, nameWords: words.ofName });
    const type = row.type === 'vendor' ? VENDOR : PRODUCT;
    words.numbers.forEach((word, n) => {
      const list = this.listOf(word, type, n < words.ofName);
      if (sorted) list.insert(document);
      else list.append(document);
    });
  }

  /** Slot of its vendor; below zero: no document has this number. */
  slotOf(document: number): number {
    return cards.slotOf(this.cards[document] ?? cards.FREE);
  }

  /** What may change without any word. */
  change(
    document: number,
    row: ModelDocument,
    of: { readonly slot: number; readonly ratingCenti: number; readonly nameWords: number },
  ): void {
    const kind = { isProduct: row.type === 'product', isSoldOut: row.sold_out };
    this.cards[document] = cards.cardOf({ ...of, ...kind });
    this.products[document] =
      row.type === 'vendor'
        ? null
        : {
            id: row.id,
            name: this.share(row.name),
            category: row.category === null ? null : this.share(row.category),
            priceMinor: row.price_minor ?? 0,
            currency: this.share(row.currency ?? ''),
            imageUrl: row.image_url,
            ageMin: row.age_min,
            soldOut: row.sold_out,
          };
  }

  /** Its vendor has another rating. */
  rate(document: number, ratingCenti: number): void {
    this.cards[document] = cards.rated(this.cards[document] as number, ratingCenti);
  }

  remove(document: number): void {
    const at = this.wordsAt[document] as number;
    const count = this.words[at] as number;
    const card = this.cards[document] as number;
    const type = cards.isProduct(card) ? PRODUCT : VENDOR;
    for (let n = 0; n < count; n++) {
      const word = this.words[at + 1 + n] as number;
      this.listOf(word, type, n < cards.nameWordsOf(card)).remove(document);
    }
    this.numbers.delete(this.ids[document] as string);
    this.wordsLeft += 1 + count;
    this.cards[document] = cards.FREE;
    this.ids[document] = '';
    this.products[document] = null;
  }

  /** After documents were put in any order: lists in order, and words in that of the documents. */
  arrange(): void {
    for (const list of this.lists) list?.sort();
    this.compact();
  }

  private listOf(word: number, type: number, isName: boolean): Postings {
    const at = word * LISTS_PER_WORD + type * 2 + (isName ? 0 : 1);
    while (this.lists.length <= at) this.lists.push(undefined);
    let list = this.lists[at];
    if (list === undefined) {
      list = new Postings();
      this.lists[at] = list;
    }
    return list;
  }

  private append(numbers: readonly number[]): number {
    const room = 1 + numbers.length;
    if (this.wordsEnd + room > this.words.length && this.wordsLeft * 2 > this.wordsEnd) {
      this.compact();
    }
    this.words = grown(this.words, this.wordsEnd + room);
    const at = this.wordsEnd;
    this.words[at] = numbers.length;
    this.words.set(numbers, at + 1);
    this.wordsEnd += room;
    return at;
  }

  /** Closes the gaps that removed documents left; neighbours' words are neighbours then. */
  private compact(): void {
    const packed = new Int32Array(this.words.length);
    let end = 0;
    for (let document = 0; document < this.cards.length; document++) {
      if (this.cards[document] === cards.FREE) continue;
      const at = this.wordsAt[document] as number;
      const room = 1 + (this.words[at] as number);
      packed.set(this.words.subarray(at, at + room), end);
      this.wordsAt[document] = end;
      end += room;
    }
    this.words = packed;
    this.wordsEnd = end;
    this.wordsLeft = 0;
  }

  private makeRoom(count: number): void {
    const before = this.cards.length;
    this.cards = grown(this.cards, count);
    this.cards.fill(cards.FREE, before);
    this.wordsAt = grown(this.wordsAt, count);
    while (this.ids.length < count) {
      this.ids.push('');
      this.products.push(null);
    }
  }

  /** One string for the many products that are called alike. */
  private share(text: string): string {
    const known = this.shared.get(text);
    if (known !== undefined) return known;
    if (this.shared.size >= SHARED_TEXTS_MAX) this.shared.clear();
    this.shared.set(text, text);
    return text;
  }
}
