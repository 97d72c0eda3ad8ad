/**
 * What the zone has learned of its vendors' ready times: by how much the truth differs from what was
 * told, as a normal law with a mean and a spread per vendor, each drawn towards the zone's as long as
 * little is known. A pickup that only bounds the truth counts as what the law by then says of times
 * up to that bound (expectation and maximisation, one observation at a time). A part of the state:
 * changed by events alone, bounded, and it forgets slowly.
 */
import { cutAbove } from './normal-law.ts';

/** Vendors remembered; beyond, the one that was heard of longest ago goes. */
const VENDORS_MAX = 8_192;
/** At so many observations a record is halved, so that what is past fades: a vendor's, the zone's. */
const VENDOR_COUNT_MAX = 128;
const ZONE_COUNT_MAX = 1_024;
/** Observations of a ready time that came as told, which a zone starts with. */
const PRIOR = 8;
/** Errors beyond are taken for these: a parcel that was forgotten says nothing of the kitchen. */
const EARLIEST_MS = -1_800_000;
const LATEST_MS = 3_600_000;
/** How many observations of its own outweigh what the zone knows: bounds, in observations. */
const PULL_LEAST = 2;
const PULL_MOST = 64;

/** Sums over observations. */
interface Sums {
  readonly count: number;
  readonly errorMs: number;
  /** Squares of the errors, each from what was expected; s². */
  readonly squares: number;
}
const NONE: Sums = { count: 0, errorMs: 0, squares: 0 };

/** How much vendors differ: the sum of `pairs` products whose mean is the variance between them; s². */
interface Between {
  readonly pairs: number;
  readonly products: number;
}

/** The error that is expected of a vendor: a normal law. No spread: exactly that error. */
export interface ReadyError {
  readonly meanMs: number;
  readonly spreadMs: number;
}

/** One record of a snapshot: a vendor, or what is known of all. */
export type KitchenRecord = ({ readonly vendor: string } & Sums) | (Between & Sums);

export class Kitchens {
  private readonly vendors = new Map<string, Sums>();
  private zone: Sums = { ...NONE, count: PRIOR };
  private between: Between = { pairs: 0, products: 0 };

  /** Whether anything was learned. */
  get isTaught(): boolean {
    return this.vendors.size > 0;
  }

  /** Learns an error against the time told. `exact` false: the truth came no later than that. */
  learn(vendor: string, errorMs: number, exact: boolean): void {
    const clippedMs = Math.max(EARLIEST_MS, Math.min(LATEST_MS, errorMs));
    const known = this.vendors.get(vendor) ?? NONE;
    const expected = this.expectationOf(known);
    if (exact) this.compare(known, clippedMs);
    const seen = exact ? { meanMs: clippedMs, spreadMs: 0 } : upTo(clippedMs, expected);
    const sums: Sums = {
      count: 1,
      errorMs: Math.round(seen.meanMs),
      squares: square(seen.meanMs - expected.meanMs) + square(seen.spreadMs),
    };
    this.vendors.delete(vendor);
    this.vendors.set(vendor, added(known, sums, VENDOR_COUNT_MAX));
    this.zone = added(this.zone, sums, ZONE_COUNT_MAX);
    if (this.vendors.size <= VENDORS_MAX) return;
    for (const oldest of this.vendors.keys()) {
      this.vendors.delete(oldest);
      return;
    }
  }

  /** What is expected of a vendor's next ready time. */
  expect(vendor: string): ReadyError {
    return this.expectationOf(this.vendors.get(vendor) ?? NONE);
  }

  private expectationOf(own: Sums): ReadyError {
    const { zone } = this;
    const pull = this.pull();
    const towards = (sum: number, zoneMean: number) => (sum + pull * zoneMean) / (own.count + pull);
    return {
      meanMs: Math.round(towards(own.errorMs, zone.errorMs / zone.count)),
      spreadMs: Math.round(1_000 * Math.sqrt(towards(own.squares, zone.squares / zone.count))),
    };
  }

  /**
   * How many observations the zone's knowledge is worth for one vendor: the variance within vendors
   * by that between them (empirical Bayes).
   */
  private pull(): number {
    const { pairs, products } = this.between;
    if (pairs === 0 || products <= 0) return PULL_MOST;
    const within = this.zone.squares / this.zone.count;
    return Math.max(PULL_LEAST, Math.min(PULL_MOST, (within * pairs) / products));
  }

  /**
   * An error now and the mean of the same vendor's errors before have nothing in common but the
   * vendor, so the mean of their product, both against the zone's mean, is the variance between.
   */
  private compare(known: Sums, errorMs: number): void {
    if (known.count === 0) return;
    const zoneMs = this.zone.errorMs / this.zone.count;
    const before = known.errorMs / known.count - zoneMs;
    const pairs = this.between.pairs + 1;
    const products = this.between.products + Math.round(((errorMs - zoneMs) * before) / 1_000_000);
    this.between =
      pairs < ZONE_COUNT_MAX
        ? { pairs, products }
        : { pairs: pairs / 2, products: Math.floor(products / 2) };
  }

  /** Everything, vendors in the order they were heard of; nothing while nothing was learned. */
  all(): KitchenRecord[] {
    if (this.vendors.size === 0) return [];
    const vendors = [...this.vendors].map(([vendor, sums]) => ({ vendor, ...sums }));
    return [{ ...this.zone, ...this.between }, ...vendors];
  }

  /** Takes a record of a snapshot in. */
  restore(record: KitchenRecord): void {
    const { count, errorMs, squares } = record;
    const sums = { count, errorMs, squares };
    if ('vendor' in record) {
      this.vendors.set(record.vendor, sums);
      return;
    }
    this.zone = sums;
    this.between = { pairs: record.pairs, products: record.products };
  }
}

/** What a law says of the errors that are no greater than a bound. */
function upTo(boundMs: number, { meanMs, spreadMs }: ReadyError): ReadyError {
  if (spreadMs === 0) return { meanMs: Math.min(boundMs, meanMs), spreadMs: 0 };
  const { mean, variance } = cutAbove((boundMs - meanMs) / spreadMs);
  return { meanMs: meanMs + mean * spreadMs, spreadMs: spreadMs * Math.sqrt(variance) };
}

/** In s². */
function square(ms: number): number {
  return Math.round((ms * ms) / 1_000_000);
}

function added(sums: Sums, seen: Sums, countMax: number): Sums {
  const count = sums.count + seen.count;
  const errorMs = sums.errorMs + seen.errorMs;
  const squares = sums.squares + seen.squares;
  if (count < countMax) return { count, errorMs, squares };
  // The bounds are even: a half is whole.
  return {
    count: count / 2,
    errorMs: Math.floor(errorMs / 2),
    squares: Math.floor(squares / 2),
  };
}
