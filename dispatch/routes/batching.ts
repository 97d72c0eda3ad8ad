/**
 * Which wants go into one request. Wants that share a place make a star: one origin with many
 * destinations or the other way round, so that a matrix asks for no element that nobody wants. Where
 * elements are free, several stars share a request.
 */
import type { PointE7 } from '../../contracts/geo.ts';
import type { RouteWant } from '../core/index.ts';
import type { Matrix, SourceLimits } from './source.ts';

/** A request and the wants it answers; each want finds its element by `row` and `column`. */
export interface Batch<J extends Wanted> {
  readonly matrix: Matrix;
  readonly jobs: readonly { readonly job: J; readonly row: number; readonly column: number }[];
}

export interface Wanted {
  readonly want: RouteWant;
  readonly profile: string;
  /** Only wants of one group share a request. */
  readonly group: string;
}

/** Takes the next batch out of the queue: the group and the star of its first want. Null: empty. */
export function takeBatch<J extends Wanted>(queue: J[], limits: SourceLimits): Batch<J> | null {
  const [first] = queue;
  if (!first) return null;
  const packer = new Packer<J>(first.profile, limits);
  packer.take(queue, starOf(queue, first));
  while (!limits.billed) {
    const next = queue.find((job) => job.group === first.group && packer.mayTake(job));
    if (!next) break;
    packer.take(queue, starOf(queue, next));
  }
  return packer.made();
}

/** Wants of a job's group that share its origin, or its destination where more do. */
function starOf<J extends Wanted>(queue: readonly J[], { want, group }: J): J[] {
  const sameOrigin = queue.filter((job) => job.group === group && isSame(job.want.from, want.from));
  const sameDestination = queue.filter(
    (job) => job.group === group && isSame(job.want.to, want.to),
  );
  return sameOrigin.length > sameDestination.length ? sameOrigin : sameDestination;
}

function isSame(a: PointE7, b: PointE7): boolean {
  return a.latE7 === b.latE7 && a.lonE7 === b.lonE7;
}

class Packer<J extends Wanted> {
  private readonly profile: string;
  private readonly limits: SourceLimits;
  private readonly origins = new Ordered();
  private readonly destinations = new Ordered();
  private readonly jobs: { job: J; row: number; column: number }[] = [];

  constructor(profile: string, limits: SourceLimits) {
    this.profile = profile;
    this.limits = limits;
  }

  mayTake({ want }: J): boolean {
    const rows = this.origins.sizeWith(want.from);
    const columns = this.destinations.sizeWith(want.to);
    return rows + columns <= this.limits.places && rows * columns <= this.limits.elements;
  }

  /** Moves what fits from the queue into the request. */
  take(queue: J[], jobs: readonly J[]): void {
    const taken = new Set<J>();
    for (const job of jobs) {
      if (!this.mayTake(job)) break;
      const { from, to } = job.want;
      this.jobs.push({ job, row: this.origins.add(from), column: this.destinations.add(to) });
      taken.add(job);
    }
    const left = queue.filter((job) => !taken.has(job));
    queue.splice(0, queue.length, ...left);
  }

  made(): Batch<J> {
    const matrix = {
      profile: this.profile,
      origins: this.origins.points,
      destinations: this.destinations.points,
    };
    return { matrix, jobs: this.jobs };
  }
}

/** Points in the order they came, each once. */
class Ordered {
  readonly points: PointE7[] = [];
  private readonly known = new Map<string, number>();

  sizeWith(point: PointE7): number {
    return this.points.length + (this.known.has(nameOf(point)) ? 0 : 1);
  }

  add({ latE7, lonE7 }: PointE7): number {
    const name = nameOf({ latE7, lonE7 });
    const found = this.known.get(name);
    if (found !== undefined) return found;
    this.known.set(name, this.points.length);
    return this.points.push({ latE7, lonE7 }) - 1;
  }
}

function nameOf({ latE7, lonE7 }: PointE7): string {
  return `${latE7} ${lonE7}`;
}
