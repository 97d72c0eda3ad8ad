/**
 * What a zone has learned of its drives, as part of its state: nothing, and no memory, until the first
 * drive ends. Changed by `drive.observed` alone.
 */
import { encodeColumns, type FrozenColumns, type PageRun } from './learned-columns.ts';
import { LearnedModel } from './learned-model.ts';

/** A copy that never changes. `digest` stands for the columns where those are not copied. */
export interface LearnedCopy {
  readonly digest: number;
  readonly columns: FrozenColumns;
}

export class LearnedState {
  /** Null until something was learned. */
  model: LearnedModel | null = null;
  private isForeign = false;

  /** The model, to learn. */
  taught(): LearnedModel {
    this.model ??= new LearnedModel();
    return this.model;
  }

  /** @param whole false: only the digest, which is enough to compare states by. */
  copy(whole: boolean): LearnedCopy | null {
    if (!this.model) return null;
    return { digest: this.model.digest, columns: whole ? this.model.freeze() : [] };
  }

  /**
   * Takes a chunk of a snapshot in. What a version with another layout has learned is left out: the
   * zone learns anew. Throws Error on pages that do not fit.
   */
  restore(runs: readonly PageRun[]): void {
    if (this.isForeign) return;
    this.isForeign = !this.taught().restore(runs);
    if (this.isForeign) this.model = null;
  }
}

/** The chunks of a copy, each at most 64 KiB of text. */
export function encodeLearned(copy: LearnedCopy | null): Iterable<readonly PageRun[]> {
  return copy ? encodeColumns(copy.columns) : [];
}
