/**
 * Runs work of many owners beside each other: so much at once of each, the rest of it in its order.
 * Owns what has begun and what waits in this process; never starts anything after it was stopped.
 */
interface Lane<T> {
  active: number;
  readonly waiting: T[];
}

export interface Lanes<T> {
  add(owner: string, item: T): void;
  /** Begun and waiting, of each owner that has any. */
  counts(): Record<string, number>;
  readonly size: number;
  /** Begins nothing more; resolves with what never began, once what did has ended. */
  stop(): Promise<T[]>;
}

/** Makes lanes of this width. `run` must not reject. */
export function createLanes<T>(width: number, run: (item: T) => Promise<void>): Lanes<T> {
  const lanes = new Map<string, Lane<T>>();
  const running = new Set<Promise<void>>();
  let size = 0;
  let stopped = false;
  const goOn = (owner: string, lane: Lane<T>): void => {
    while (!stopped && lane.active < width) {
      const item = lane.waiting.shift();
      if (item === undefined) break;
      lane.active++;
      const work = run(item).finally(() => {
        running.delete(work);
        lane.active--;
        size--;
        goOn(owner, lane);
      });
      running.add(work);
    }
    if (lane.active === 0 && lane.waiting.length === 0) lanes.delete(owner);
  };
  return {
    get size() {
      return size;
    },
    add(owner, item) {
      const lane = lanes.get(owner) ?? { active: 0, waiting: [] };
      lanes.set(owner, lane);
      lane.waiting.push(item);
      size++;
      goOn(owner, lane);
    },
    counts: () =>
      Object.fromEntries(
        [...lanes].map(([owner, { active, waiting }]) => [owner, active + waiting.length]),
      ),
    async stop() {
      stopped = true;
      const left = [...lanes.values()].flatMap(({ waiting }) => waiting.splice(0));
      while (running.size > 0) await Promise.all(running);
      return left;
    },
  };
}
