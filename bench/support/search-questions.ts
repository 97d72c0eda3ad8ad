/** Owns what is asked of the made-up city: a mix of questions by a seed, and names with typing errors. */
import type { SearchQuery } from '../../contracts/api/search.ts';
import { seededRandom } from './city.ts';
import { type CityShop, cityPlaces } from './search-city.ts';

/** What clients send: everything may be left out. */
export type Asked = Partial<SearchQuery>;

/** Part of all questions, by kind; the rest is text without a place. */
const MIX = { words: 0.4, beginning: 0.15, misspelt: 0.15, browse: 0.15 } as const;
const FACETS_PART = 0.25;

/** Draws questions as people ask them: most of them where they are, for what is delivered there. */
export function questionsOf(shops: readonly CityShop[], seed: number): () => Asked {
  const random = seededRandom(seed);
  const place = cityPlaces(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const text = (): string => {
    const { vendor, menu } = pick(shops);
    return random() < 0.5 ? vendor.vendor.name : pick(menu.changed).name;
  };
  const words = (): string => {
    const all = text().split(' ');
    const from = Math.floor(random() * all.length);
    return all.slice(from, from + 1 + Math.floor(random() * 2)).join(' ');
  };
  return () => {
    const facets = random() < FACETS_PART;
    const here = { ...place(), deliversHere: true, facets };
    let draw = random();
    if (draw < MIX.words) return { q: words(), ...here, openNow: random() < 0.5 };
    draw -= MIX.words;
    if (draw < MIX.beginning) {
      return { q: pick(text().split(' ')).slice(0, 2 + Math.floor(random() * 4)), ...here };
    }
    draw -= MIX.beginning;
    if (draw < MIX.misspelt) {
      const { vendor } = pick(shops).vendor;
      return { q: misspelt(vendor.name, random), ...here, ...vendor.place };
    }
    draw -= MIX.misspelt;
    if (draw < MIX.browse) {
      const sort = pick(['eta', 'distance', 'rating', 'relevance'] as const);
      return { ...here, sort, ...(random() < 0.3 ? { cuisine: 'thai,italian' } : {}) };
    }
    return { q: words(), facets };
  };
}

/**
 * A text with one typing error at a random place, spaces included: a letter inserted, left out,
 * replaced, or two exchanged. Never the text itself.
 */
export function misspelt(text: string, random: () => number): string {
  for (;;) {
    const at = Math.floor(random() * text.length);
    const letter = String.fromCharCode(97 + Math.floor(random() * 26));
    const [before, here = '', after] = [text.slice(0, at), text[at], text.slice(at + 1)];
    const changed = [
      before + after,
      before + letter + here + after,
      before + letter + after,
      before + (after[0] ?? '') + here + after.slice(1),
    ][Math.floor(random() * 4)] as string;
    if (changed.toLowerCase() !== text.toLowerCase()) return changed;
  }
}
