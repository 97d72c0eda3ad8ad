/**
 * Things of others, remembered for seconds: bounded, loaded once for all who ask at the same time,
 * dropped when news of a later version come. Owns no knowledge of what it keeps.
 */
export interface FreshCacheOptions {
  /** Host ms. */
  readonly keptMs: number;
  /** Full: what was loaded first goes. */
  readonly entriesMax: number;
  readonly nowMs?: () => number;
}

interface Entry<T> {
  readonly value: Promise<T>;
  readonly loadedMs: number;
}

/** Gets what is true now; `before` is what was remembered, for who can tell that it still is. */
export type Load<T> = (before: T | undefined) => Promise<T>;

async function reload<T>(known: Promise<T> | undefined, load: Load<T>): Promise<T> {
  return load(await known?.catch(() => undefined));
}

export class FreshCache<T> {
  readonly #options: FreshCacheOptions;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(options: FreshCacheOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** What is remembered, unless it is older than `sinceMs` or its time. Failures are not kept. */
  get(key: string, load: Load<T>, sinceMs = Number.NEGATIVE_INFINITY): Promise<T> {
    const known = this.#entries.get(key);
    const leastMs = Math.max(sinceMs, this.#nowMs() - this.#options.keptMs);
    if (known !== undefined && known.loadedMs >= leastMs) return known.value;
    const entry = { value: reload(known?.value, load), loadedMs: this.#nowMs() };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.value.catch(() => this.#forget(key, entry));
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#options.entriesMax && oldest !== undefined) {
      this.#entries.delete(oldest);
    }
    return entry.value;
  }

  /** Something changed: also what is being loaded now may be of before. */
  drop(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** For `sinceMs`: whatever is loaded from now on. */
  nowMs(): number {
    return this.#nowMs();
  }

  #forget(key: string, entry: Entry<T>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}
