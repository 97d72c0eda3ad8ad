/**
 * Owns the documents of the read model: their words, and for each word the documents that have it,
 * apart for vendors and products, for names and for all else.
 */
import type { FoundProduct } from '../found.ts';
import { grown } from './columns.ts';
import { Dictionary } from './dictionary.ts';
import { Postings } from './postings.ts';
import type { ModelDocument } from './rows.ts';

export const VENDOR = 0;
export const PRODUCT = 1;
/** Lists of a word: two of names and others for vendors, then two for products. */
export const LISTS_PER_WORD = 4;
const FREE = -1;
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
  /** Slot of its vendor; -1: no document has this number. */
  vendor = new Int32Array(0);
  type = new Uint8Array(0);
  soldOut = new Uint8Array(0);
  nameWords = new Uint8Array(0);
  allWords = new Uint8Array(0);
  /** Where its words begin in `words`. */
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
    if (this.nameWords[document] !== ofName || this.allWords[document] !== numbers.length) {
      return false;
    }
    const at = this.wordsAt[document] as number;
    return numbers.every((number, n) => this.words[at + n] === number);
  }

  /** Puts a document at a number that is free. `sorted`: lists stay in order; otherwise sort later. */
  put(document: number, row: ModelDocument, place: { vendor: number; sorted: boolean }): void {
    const words = this.readWords(row.words);
    this.makeRoom(document + 1);
    this.numbers.set(row.id, document);
    this.ids[document] = row.id;
    this.vendor[document] = place.vendor;
    const type = row.type === 'vendor' ? VENDOR : PRODUCT;
    this.type[document] = type;
    this.nameWords[document] = words.ofName;
    this.allWords[document] = words.numbers.length;
    this.wordsAt[document] = this.append(words.numbers);
    this.change(document, row);
    words.numbers.forEach((word, n) => {
      const list = this.listOf(word, type, n < words.ofName);
      if (place.sorted) list.insert(document);
      else list.append(document);
    });
  }

  /** What may change without any word. */
  change(document: number, row: ModelDocument): void {
    this.soldOut[document] = row.sold_out ? 1 : 0;
    this.products[document] =
      row.type === 'vendor'
        ? null
        : {
            name: this.share(row.name),
            category: row.category === null ? null : this.share(row.category),
            priceMinor: row.price_minor ?? 0,
            currency: this.share(row.currency ?? ''),
            imageUrl: row.image_url,
            ageMin: row.age_min,
            soldOut: row.sold_out,
          };
  }

  remove(document: number): void {
    const at = this.wordsAt[document] as number;
    const count = this.allWords[document] as number;
    const type = this.type[document] as number;
    for (let n = 0; n < count; n++) {
      const word = this.words[at + n] as number;
      this.listOf(word, type, n < (this.nameWords[document] as number)).remove(document);
    }
    this.numbers.delete(this.ids[document] as string);
    this.wordsLeft += count;
    this.vendor[document] = FREE;
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
    if (this.wordsEnd + numbers.length > this.words.length && this.wordsLeft * 2 > this.wordsEnd) {
      this.compact();
    }
    this.words = grown(this.words, this.wordsEnd + numbers.length);
    const at = this.wordsEnd;
    this.words.set(numbers, at);
    this.wordsEnd += numbers.length;
    return at;
  }

  /** Closes the gaps that removed documents left; neighbours' words are neighbours then. */
  private compact(): void {
    const packed = new Int32Array(this.words.length);
    let end = 0;
    for (let document = 0; document < this.vendor.length; document++) {
      if (this.vendor[document] === FREE) continue;
      const at = this.wordsAt[document] as number;
      const count = this.allWords[document] as number;
      packed.set(this.words.subarray(at, at + count), end);
      this.wordsAt[document] = end;
      end += count;
    }
    this.words = packed;
    this.wordsEnd = end;
    this.wordsLeft = 0;
  }

  private makeRoom(count: number): void {
    const before = this.vendor.length;
    this.vendor = grown(this.vendor, count);
    this.vendor.fill(FREE, before);
    this.type = grown(this.type, count);
    this.soldOut = grown(this.soldOut, count);
    this.nameWords = grown(this.nameWords, count);
    this.allWords = grown(this.allWords, count);
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
