/**
 * What a search asks of every candidate, in one number: thousands of candidates are looked at, and
 * each column more would be another wait for memory. Owns where in it what stands.
 */
import { NAME_WORDS_MAX } from '../words.ts';

/** From the lowest bit: is a product, is sold out, words of its name, rating, slot of its vendor. */
const PRODUCT_BIT = 1;
const SOLD_OUT_SHIFT = 1;
const NAME_WORDS_SHIFT = 2;
const NAME_WORDS_MASK = 15;
const RATING_SHIFT = 6;
const RATING_MASK = 63;
const SLOT_SHIFT = 12;
/** Slots that fit: the number must stay positive. */
export const SLOTS_MAX = 1 << (31 - SLOT_SHIFT);
/** No document has this number. */
export const FREE = -1;

if (NAME_WORDS_MAX > NAME_WORDS_MASK) throw new Error('names are too long for a card');

export interface Card {
  readonly slot: number;
  readonly isProduct: boolean;
  readonly isSoldOut: boolean;
  readonly nameWords: number;
  /** Of its vendor, in hundredths of a star. */
  readonly ratingCenti: number;
}

export function cardOf({ slot, isProduct, isSoldOut, nameWords, ratingCenti }: Card): number {
  return (
    (slot << SLOT_SHIFT) |
    (tenthsOf(ratingCenti) << RATING_SHIFT) |
    (nameWords << NAME_WORDS_SHIFT) |
    (Number(isSoldOut) << SOLD_OUT_SHIFT) |
    (isProduct ? PRODUCT_BIT : 0)
  );
}

function tenthsOf(ratingCenti: number): number {
  return Math.min(RATING_MASK, Math.floor(ratingCenti / 10));
}

/** The same card with another rating. */
export function rated(card: number, ratingCenti: number): number {
  return (card & ~(RATING_MASK << RATING_SHIFT)) | (tenthsOf(ratingCenti) << RATING_SHIFT);
}

/** Slot of its vendor; below zero: there is no document. */
export function slotOf(card: number): number {
  return card >> SLOT_SHIFT;
}

export function isProduct(card: number): boolean {
  return (card & PRODUCT_BIT) !== 0;
}

/** 1 or 0. */
export function soldOutOf(card: number): number {
  return (card >> SOLD_OUT_SHIFT) & 1;
}

export function nameWordsOf(card: number): number {
  return (card >> NAME_WORDS_SHIFT) & NAME_WORDS_MASK;
}

/** Tenths of a star, rounded down. */
export function ratingTenthsOf(card: number): number {
  return (card >> RATING_SHIFT) & RATING_MASK;
}
