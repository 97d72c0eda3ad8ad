/** A number of places for work under way and for work that waits; whoever comes then is refused. */
export interface Bulkhead {
  /** Resolves when there is a place; undefined at once when there is not even one to wait in. */
  enter(): Promise<void> | undefined;
  /** Gives the place to who waits longest. */
  leave(): void;
}

export function createBulkhead(places: number, waitingMax: number): Bulkhead {
  const waiting: (() => void)[] = [];
  const free = Promise.resolve();
  let inside = 0;
  return {
    enter() {
      if (inside < places) {
        inside++;
        return free;
      }
      if (waiting.length >= waitingMax) return undefined;
      return new Promise((resolve) => waiting.push(resolve));
    },
    leave() {
      const next = waiting.shift();
      // The place is handed on, so that nobody who comes now can slip in.
      if (next === undefined) inside--;
      else next();
    },
  };
}
