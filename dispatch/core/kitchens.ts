/**
 * What the zone has learned of its vendors' ready times: by how much the truth differs from what was
 * told, where it lies (a mean) and how far it scatters, per vendor, each drawn towards the zone's as
 * long as little is known. The shape of the scatter is the zone's. A part of the state: changed by
 * events alone, bounded, and it forgets slowly. Integer ms.
 */
import { Residuals } from './residuals.ts';

/** Vendors remembered; beyond, the one that was heard of longest ago goes. */
const VENDORS_MAX = 8_192;
/** At so many observations a record is halved, so that what is past fades: a vendor's, the zone's. */
const VENDOR_COUNT_MAX = 128;
const ZONE_COUNT_MAX = 4_096;
/** Observations of a ready time that came as told, which a zone starts with. */
const PRIOR = 8;
/** Errors beyond are taken for these: a parcel that was forgotten says nothing of the kitchen. */
const EARLIEST_MS = -1_800_000;
const LATEST_MS = 3_600_000;
/** How many observations of its own outweigh what the zone knows: bounds, in observations. */
const PULL_LEAST = 2;
const PULL_MOST = 64;
/** Bounds of a vendor's scatter against the zone's. */
const SCALE_LEAST = 0.25;
const SCALE_MOST = 4;

/** Sums over observations; ms. */
interface Sums {
  readonly count: number;
  readonly errorMs: number;
  /** Of the errors without sign, each from where it was expected. */
  readonly sizeMs: number;
}

/** What is expected of a vendor: the truth is told + `errorMs` + `scale` × a residual of the zone. */
export interface Expectation {
  readonly errorMs: number;
  /** 0: it comes as told, for all that is known. */
  readonly scale: number;
}

/** One record of a snapshot: a vendor, or what is known of all. */
export type KitchenRecord =
  | ({ readonly vendor: string } & Sums)
  | ({
      readonly bins: readonly (readonly [number, number])[];
      readonly alike: Alike;
    } & Sums);

/** How alike vendors are: sums of squares, s². */
interface Alike {
  readonly pairs: number;
  /** Of a vendor's error now times its mean error before, both against the zone's. */
  readonly between: number;
  /** Of errors against the vendor's own. */
  readonly within: number;
}

export class Kitchens {
  private readonly vendors = new Map<string, Sums>();
  private zone: Sums = { count: PRIOR, errorMs: 0, sizeMs: 0 };
  private alike: Alike = { pairs: 0, between: 0, within: 0 };
  readonly residuals = new Residuals();

  /** Learns an error against the time told. `exact` false: the truth came no later than that. */
  learn(vendor: string, errorMs: number, exact: boolean): void {
    const clipped = Math.max(EARLIEST_MS, Math.min(LATEST_MS, errorMs));
    const known = this.vendors.get(vendor) ?? { count: 0, errorMs: 0, sizeMs: 0 };
    const expected = this.expectationOf(known);
    if (exact) this.compare(known, clipped, expected.errorMs);
    const scale = expected.scale === 0 ? 1 : expected.scale;
    const residualMs = Math.round((clipped - expected.errorMs) / scale);
    const { meanMs, sizeMs } = this.residuals.learn(residualMs, exact);
    const seen: Sums = {
      count: 1,
      errorMs: exact ? clipped : Math.round(expected.errorMs + meanMs * scale),
      sizeMs: Math.round(sizeMs * scale),
    };
    this.vendors.delete(vendor);
    this.vendors.set(vendor, added(known, seen, VENDOR_COUNT_MAX));
    this.zone = added(this.zone, seen, ZONE_COUNT_MAX);
    if (this.vendors.size <= VENDORS_MAX) return;
    for (const oldest of this.vendors.keys()) {
      this.vendors.delete(oldest);
      return;
    }
  }

  /** What is expected of a vendor's next ready time. */
  expect(vendor: string): Expectation {
    return this.expectationOf(this.vendors.get(vendor));
  }

  private expectationOf(vendor: Sums | undefined): Expectation {
    const { count, errorMs, sizeMs } = this.zone;
    const zoneSizeMs = sizeMs / count;
    const pull = this.pull();
    const own = vendor ?? { count: 0, errorMs: 0, sizeMs: 0 };
    const towards = (sum: number, zoneMean: number) => (sum + pull * zoneMean) / (own.count + pull);
    const ratio = zoneSizeMs === 0 ? 0 : towards(own.sizeMs, zoneSizeMs) / zoneSizeMs;
    return {
      errorMs: Math.round(towards(own.errorMs, errorMs / count)),
      scale: ratio === 0 ? 0 : Math.max(SCALE_LEAST, Math.min(SCALE_MOST, ratio)),
    };
  }

  /**
   * How many observations the zone's knowledge is worth for one vendor: the variance within vendors
   * by that between them (empirical Bayes). An error now and the mean of the same vendor's errors
   * before share nothing but the vendor, so the mean of their product is the variance between.
   */
  private pull(): number {
    const { pairs, between, within } = this.alike;
    if (pairs === 0 || between <= 0) return PULL_MOST;
    return Math.max(PULL_LEAST, Math.min(PULL_MOST, within / between));
  }

  private compare(known: Sums, errorMs: number, expectedMs: number): void {
    if (known.count === 0) return;
    const zoneMs = this.zone.errorMs / this.zone.count;
    const before = known.errorMs / known.count - zoneMs;
    const { pairs, between, within } = this.alike;
    const grown = {
      pairs: pairs + 1,
      between: between + Math.round(((errorMs - zoneMs) * before) / 1_000_000),
      within: within + Math.round(((errorMs - expectedMs) * (errorMs - expectedMs)) / 1_000_000),
    };
    this.alike =
      grown.pairs < ZONE_COUNT_MAX
        ? grown
        : {
            pairs: grown.pairs / 2,
            between: Math.floor(grown.between / 2),
            within: Math.floor(grown.within / 2),
          };
  }

  /** Everything, vendors in the order they were heard of; nothing while nothing was learned. */
  all(): KitchenRecord[] {
    if (this.vendors.size === 0) return [];
    const vendors = [...this.vendors].map(([vendor, sums]) => ({ vendor, ...sums }));
    return [{ ...this.zone, bins: this.residuals.all(), alike: this.alike }, ...vendors];
  }

  /** Takes a record of a snapshot in. */
  restore(record: KitchenRecord): void {
    const { count, errorMs, sizeMs } = record;
    const sums = { count, errorMs, sizeMs };
    if ('vendor' in record) {
      this.vendors.set(record.vendor, sums);
      return;
    }
    this.zone = sums;
    this.alike = record.alike;
    this.residuals.restore(record.bins);
  }
}

function added(sums: Sums, seen: Sums, countMax: number): Sums {
  const count = sums.count + seen.count;
  const errorMs = sums.errorMs + seen.errorMs;
  const sizeMs = sums.sizeMs + seen.sizeMs;
  if (count < countMax) return { count, errorMs, sizeMs };
  // The bounds are even: a half is whole.
  return {
    count: count / 2,
    errorMs: Math.floor(errorMs / 2),
    sizeMs: Math.floor(sizeMs / 2),
  };
}
