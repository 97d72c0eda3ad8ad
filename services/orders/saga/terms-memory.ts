/**
 * Terms of orders that are under way, in memory: they are wide, never change while the saga runs, and
 * every step needs them. Owns a bounded map; the oldest make room and are read again when asked for.
 */
import type { SagaTerms } from './saga-state.ts';

/** About two kilobytes each. */
const TERMS_MAX = 20_000;

export class TermsMemory {
  readonly #terms = new Map<string, SagaTerms>();

  get(order: string): SagaTerms | undefined {
    return this.#terms.get(order);
  }

  keep(order: string, terms: SagaTerms): void {
    if (this.#terms.size >= TERMS_MAX) {
      const [oldest] = this.#terms.keys();
      if (oldest !== undefined) this.#terms.delete(oldest);
    }
    this.#terms.set(order, terms);
  }

  /** The saga is done: nobody will ask soon. */
  forget(order: string): void {
    this.#terms.delete(order);
  }
}
