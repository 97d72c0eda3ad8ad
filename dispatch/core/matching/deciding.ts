/** What the parts of a round share once the search is done: who may be asked, priced by one model. */
import type { Zone } from '../zone.ts';
import type { ChainCosts } from './chains.ts';
import type { Problem } from './problem.ts';
import type { ChainSearch } from './search.ts';

export interface Deciding {
  readonly zone: Zone;
  readonly atMs: number;
  readonly problem: Problem;
  readonly model: ChainCosts;
  readonly search: ChainSearch;
}
