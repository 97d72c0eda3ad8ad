/**
 * Every word of the read model, by number: exact, by its beginning, and with one typing error. Owns
 * the words; they are never removed, so a number stays what it is.
 */
import { errorKeys, isTypoOf, TYPO_CHARS_MIN } from '../typing-errors.ts';

export class Dictionary {
  private readonly numbers = new Map<string, number>();
  private readonly texts: string[] = [];
  /** Numbers in the order of their texts, but for the newest ones. */
  private sorted: number[] = [];
  private unsorted: number[] = [];
  /** By what a word and its neighbours share; most keys have one word. */
  private readonly byErrorKey = new Map<number, number | number[]>();

  get size(): number {
    return this.texts.length;
  }

  /** The number of a word, which is new if need be. */
  add(word: string): number {
    const known = this.numbers.get(word);
    if (known !== undefined) return known;
    const number = this.texts.length;
    this.texts.push(word);
    this.numbers.set(word, number);
    this.unsorted.push(number);
    if (word.length >= TYPO_CHARS_MIN) {
      for (const key of errorKeys(word)) this.file(key, number);
    }
    return number;
  }

  /** The number of a word; undefined: unknown. */
  find(word: string): number | undefined {
    return this.numbers.get(word);
  }

  /** Calls with each longer word that begins so. */
  eachBeginningWith(beginning: string, take: (number: number) => void): void {
    this.sort();
    for (let at = this.firstNotBefore(beginning); at < this.sorted.length; at++) {
      const number = this.sorted[at] as number;
      const text = this.texts[number] as string;
      if (!text.startsWith(beginning)) return;
      if (text.length > beginning.length) take(number);
    }
  }

  /** Words with exactly one typing error between them and this one. */
  typosOf(word: string): number[] {
    if (word.length < TYPO_CHARS_MIN) return [];
    const found = new Set<number>();
    for (const key of errorKeys(word)) {
      const filed = this.byErrorKey.get(key);
      if (filed === undefined) continue;
      for (const number of typeof filed === 'number' ? [filed] : filed) {
        if (isTypoOf(word, this.texts[number] as string)) found.add(number);
      }
    }
    return [...found];
  }

  private file(key: number, number: number): void {
    const filed = this.byErrorKey.get(key);
    if (filed === undefined) this.byErrorKey.set(key, number);
    else if (typeof filed === 'number') this.byErrorKey.set(key, [filed, number]);
    else filed.push(number);
  }

  private sort(): void {
    if (this.unsorted.length === 0) return;
    const text = (number: number): string => this.texts[number] as string;
    this.sorted = [...this.sorted, ...this.unsorted].sort((a, b) => (text(a) < text(b) ? -1 : 1));
    this.unsorted = [];
  }

  private firstNotBefore(beginning: string): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const text = this.texts[this.sorted[middle] as number] as string;
      if (text < beginning) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
