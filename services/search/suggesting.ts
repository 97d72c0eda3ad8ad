/** What a text may become while it is typed: cuisines, then vendors and products that match it. */
import type { Suggestions, SuggestQuery } from '../../contracts/api/search.ts';
import { SUGGESTIONS_MAX } from '../../contracts/api/search.ts';
import { findAnswer, type SearchPath } from './found.ts';
import { readQuestion } from './question.ts';
import { askedWords } from './words.ts';

/** Cuisines among the suggestions. */
export const CUISINES_SHOWN_MAX = 3;

/** With a place, only what is delivered there. */
export async function suggest(
  path: SearchPath,
  params: SuggestQuery,
  nowMs: number,
): Promise<Suggestions> {
  const { q, lat, lon, limit = SUGGESTIONS_MAX } = params;
  const words = askedWords(q);
  if (words.length === 0) return { items: [] };
  // One letter begins a good part of all products; vendors are what is meant by it.
  const find = q.trim().length < 2 ? 'vendors' : 'both';
  const place = lat !== undefined && lon !== undefined ? { lat, lon, deliversHere: true } : {};
  const question = readQuestion(
    { q, find, sort: 'relevance', facets: false, limit, ...place },
    nowMs,
  );
  const cuisines = await path.cuisines(words.join(' '), CUISINES_SHOWN_MAX);
  const { items } = await findAnswer(path, question);
  const shown = new Map<string, Suggestions['items'][number]>();
  for (const text of cuisines) shown.set(text.toLowerCase(), { type: 'cuisine', id: null, text });
  for (const { type, id, vendor, product } of items) {
    const text = product?.name ?? vendor.name;
    // A dish that many sell is one suggestion: the best of them stands for it.
    if (!shown.has(text.toLowerCase())) shown.set(text.toLowerCase(), { type, id, text });
  }
  return { items: [...shown.values()].slice(0, limit) };
}
