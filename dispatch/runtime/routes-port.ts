/**
 * Asking for road times, as the runtime sees it: wants go out, answers come back whenever they do, or
 * never. Nothing here waits: a zone that is told nothing plans by its fallback.
 */
import type { RoutedAnswer } from '../../contracts/events.ts';
import type { RoutesPicture } from '../../contracts/push.ts';
import type { RouteWant } from '../core/index.ts';

/** Answers of one request, in the order they were wanted; pairs without a road are left out. */
export interface RoutesTold {
  readonly source: string;
  /** Zone ms from when they are taken in. */
  readonly holdsMs: number;
  readonly times: readonly RoutedAnswer[];
}

export interface RoutesPort {
  /** Whether asking makes sense now; false while the source rests after failures. */
  readonly ready: boolean;
  /** Queues wants and returns at once. Never throws; `tell` is called for each answer that came. */
  ask(wants: readonly RouteWant[], tell: (told: RoutesTold) => void): void;
  /** Figures since the start. */
  picture(): RoutesPicture;
  /** Drops what waits and ends what is under way. */
  close(): void;
}

/** The figures of several threads together; null when none asks. */
export function totalRoutes(pictures: readonly RoutesPicture[]): RoutesPicture | null {
  const [first, ...others] = pictures;
  if (!first) return null;
  return others.reduce((sum, picture) => {
    const kinds = new Set([...Object.keys(sum.failures), ...Object.keys(picture.failures)]);
    return {
      source: sum.source,
      resting: sum.resting || picture.resting,
      requests: sum.requests + picture.requests,
      elements: sum.elements + picture.elements,
      told: sum.told + picture.told,
      noRoad: sum.noRoad + picture.noRoad,
      unbelievable: sum.unbelievable + picture.unbelievable,
      dropped: sum.dropped + picture.dropped,
      overBudget: sum.overBudget + picture.overBudget,
      failures: Object.fromEntries(
        [...kinds].map((kind) => [kind, (sum.failures[kind] ?? 0) + (picture.failures[kind] ?? 0)]),
      ),
    };
  }, first);
}
