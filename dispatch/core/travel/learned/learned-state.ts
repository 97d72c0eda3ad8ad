/**
 * What a zone has learned of its drives, as part of its state: nothing, and no memory, until the first
 * drive ends. Changed by `drive.observed` alone.
 */
import type { EventOf } from '../../change.ts';
import { encodeColumns, type FrozenColumns, type PageRun } from './learned-columns.ts';
import { LearnedModel } from './learned-model.ts';

/** A copy that never changes. `digest` stands for the columns where those are not copied. */
export interface LearnedCopy {
  readonly digest: number;
  readonly columns: FrozenColumns;
}

/** Drives that wait to be learned together; one more, and they are. */
const LESSONS_MAX = 128;
/** They are learned at the latest with the first drive that ends in another of these, zone ms. */
const LESSON_MS = 300_000;

export type Lesson = EventOf<'drive.observed'>;

export class LearnedState {
  /** Drives that were seen and not learned yet: a model at rest answers rounds faster. */
  private lessons: Lesson[] = [];
  /** Null until something was learned. */
  model: LearnedModel | null = null;
  private isForeign = false;

  /** The model, to learn. */
  taught(): LearnedModel {
    this.model ??= new LearnedModel();
    return this.model;
  }

  /** Puts a drive off; answers those whose turn it is to be learned now, oldest first. */
  putOff(lesson: Lesson): readonly Lesson[] {
    const [first] = this.lessons;
    const isSoon =
      first === undefined ||
      (Math.floor(first.arrivedMs / LESSON_MS) === Math.floor(lesson.arrivedMs / LESSON_MS) &&
        this.lessons.length < LESSONS_MAX);
    const due = isSoon ? [] : this.lessons;
    if (!isSoon) this.lessons = [];
    this.lessons.push(lesson);
    return due;
  }

  /** Drives that wait to be learned; for snapshots. */
  waiting(): readonly Lesson[] {
    return this.lessons.slice();
  }

  /** Takes a waiting drive of a snapshot in. */
  restoreWaiting(lesson: Lesson): void {
    this.lessons.push(lesson);
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
