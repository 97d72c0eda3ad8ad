/**
 * Which wants go into one request. Wants that share a place make a star: one origin with many
 * destinations or the other way round, so that a matrix asks for no element that nobody wants. Where
 * elements are free, whatever else fits rides along. One look through the queue per step: it is
 * done on the thread of the shards.
 */
import type { PointE7 } from '../../contracts/geo.ts';
import type { RouteWant } from '../core/index.ts';
import type { Matrix, SourceLimits } from './source.ts';

export interface Wanted {
  readonly want: RouteWant;
  readonly profile: string;
  /** Only wants of one group share a request. */
  readonly group: string;
  /** Names of the two points, the same for the same point: `nameOf`. */
  readonly origin: string;
  readonly destination: string;
}

/** A request and the wants it answers; each want finds its element by `row` and `column`. */
export interface Batch<J extends Wanted> {
  readonly matrix: Matrix;
  readonly jobs: readonly { readonly job: J; readonly row: number; readonly column: number }[];
}

export function nameOf({ latE7, lonE7 }: PointE7): string {
  return `${latE7} ${lonE7}`;
}

/** Takes the next batch out of the queue: the group and the star of its first want. Null: empty. */
export function takeBatch<J extends Wanted>(queue: J[], limits: SourceLimits): Batch<J> | null {
  const [first] = queue;
  if (!first) return null;
  const group = queue.filter((job) => job.group === first.group);
  const packer = new Packer<J>(first.profile, limits);
  packer.take(starOf(group, first), 2);
  if (!limits.billed) {
    // First what shares a place with the request, then anything, then what costs no place any more.
    for (const newPlaces of [1, 2, 0]) packer.take(group, newPlaces);
  }
  const left = queue.filter((job) => !packer.has(job));
  queue.splice(0, queue.length, ...left);
  return packer.made();
}

/** Wants that share the origin of one, or its destination where more do; the one itself first. */
function starOf<J extends Wanted>(group: readonly J[], center: J): J[] {
  const sameOrigin = group.filter((job) => job.origin === center.origin);
  const sameDestination = group.filter((job) => job.destination === center.destination);
  return [center, ...(sameOrigin.length > sameDestination.length ? sameOrigin : sameDestination)];
}

class Packer<J extends Wanted> {
  private readonly profile: string;
  private readonly limits: SourceLimits;
  private readonly origins = new Map<string, number>();
  private readonly destinations = new Map<string, number>();
  private readonly originPoints: PointE7[] = [];
  private readonly destinationPoints: PointE7[] = [];
  private readonly jobs = new Map<J, { job: J; row: number; column: number }>();

  constructor(profile: string, limits: SourceLimits) {
    this.profile = profile;
    this.limits = limits;
  }

  has(job: J): boolean {
    return this.jobs.has(job);
  }

  /** Takes of these what fits and adds at most so many places. */
  take(jobs: readonly J[], newPlacesMax: number): void {
    for (const job of jobs) {
      if (this.jobs.has(job)) continue;
      const rows = this.originPoints.length + (this.origins.has(job.origin) ? 0 : 1);
      const columns =
        this.destinationPoints.length + (this.destinations.has(job.destination) ? 0 : 1);
      const before = this.originPoints.length + this.destinationPoints.length;
      const isNear = rows + columns - before <= newPlacesMax;
      const fits = rows + columns <= this.limits.places && rows * columns <= this.limits.elements;
      if (isNear && fits) this.add(job);
    }
  }

  private add(job: J): void {
    const { from, to } = job.want;
    const row = indexOf(this.origins, this.originPoints, job.origin, from);
    const column = indexOf(this.destinations, this.destinationPoints, job.destination, to);
    this.jobs.set(job, { job, row, column });
  }

  made(): Batch<J> {
    const matrix = {
      profile: this.profile,
      origins: this.originPoints,
      destinations: this.destinationPoints,
    };
    return { matrix, jobs: [...this.jobs.values()] };
  }
}

function indexOf(
  known: Map<string, number>,
  points: PointE7[],
  name: string,
  { latE7, lonE7 }: PointE7,
): number {
  const found = known.get(name);
  if (found !== undefined) return found;
  known.set(name, points.length);
  return points.push({ latE7, lonE7 }) - 1;
}
