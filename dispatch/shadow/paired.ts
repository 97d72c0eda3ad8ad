/**
 * Compares two sides delivery by delivery, and says in plain words what came of it. Deliveries near in
 * time share drivers and kitchens, and a backlog that one side caught by chance stays for hours: they
 * are no independent samples. They are summed in blocks of some hours, and the interval comes from how
 * much the blocks differ: a ratio estimator over clusters (Cochran, Sampling Techniques, 1977) with Student's t.
 */
import type { DeliveryId } from '../../contracts/ids.ts';
import type { PairedDifference, SimulatedFigures } from '../../contracts/shadow.ts';
import type { Outcome } from './outcomes.ts';

/**
 * Deliveries placed within this long stand together, zone ms. Shorter blocks call chance a difference:
 * in a busy zone one in four pairs of copies that differed in nothing that matters at 15 minutes.
 */
const BLOCK_MS = 4 * 3_600_000;
/** A month of blocks; of more the oldest go. */
const BLOCKS_MAX = 180;
/** Deliveries that one side has ended and the other has not; of more the oldest are forgotten. */
const HALVES_MAX = 20_000;
/** Of 100 intervals this many hold the truth: three things are looked at, and more than once. */
const INTERVAL_PERCENT = 99;
/** No verdict on less. */
export const COMPARED_MIN = 200;
export const BLOCKS_MIN = 12;
/** Two-sided 99 % points of Student's t, by degrees of freedom; between two the lower line counts. */
const STUDENT: readonly (readonly [freedom: number, t: number])[] = [
  [1, 63.66],
  [2, 9.925],
  [3, 5.841],
  [4, 4.604],
  [5, 4.032],
  [7, 3.499],
  [9, 3.25],
  [11, 3.106],
  [14, 2.977],
  [19, 2.861],
  [29, 2.756],
  [59, 2.662],
  [119, 2.618],
];

export type Side = 'live' | 'shadow';

interface Block {
  pairs: number;
  clickToDoorMs: number;
  lateMs: number;
}

type Verdict = Pick<SimulatedFigures, 'verdict' | 'says'>;
export type PairedFigures = Verdict &
  Pick<SimulatedFigures, 'pairs' | 'blocks' | 'onlyLive' | 'onlyShadow' | 'clickToDoor' | 'late'>;

/** All pairs by the block they belong to; plain data, so that it can be kept. */
export interface PairedSums {
  readonly blocks: readonly (readonly [number, Block])[];
  readonly onlyLive: number;
  readonly onlyShadow: number;
}

export class PairedOutcomes {
  private readonly halves = new Map<DeliveryId, readonly [Side, Outcome]>();
  private readonly blocks = new Map<number, Block>();
  private pairs = 0;
  private readonly only = { live: 0, shadow: 0 };

  /** @param kept goes on from these */
  constructor(kept?: PairedSums) {
    if (!kept) return;
    this.only = { live: kept.onlyLive, shadow: kept.onlyShadow };
    for (const [key, block] of kept.blocks) {
      this.blocks.set(key, { ...block });
      this.pairs += block.pairs;
    }
  }

  get sums(): PairedSums {
    const { live: onlyLive, shadow: onlyShadow } = this.only;
    return { blocks: [...this.blocks], onlyLive, onlyShadow };
  }

  /** How a delivery ended on one side. It counts when it has ended on the other too. */
  hear(side: Side, outcome: Outcome): void {
    const half = this.halves.get(outcome.delivery);
    if (!half || half[0] === side) {
      this.halves.set(outcome.delivery, [side, outcome]);
      if (this.halves.size > HALVES_MAX) this.forgetOldest();
      return;
    }
    this.halves.delete(outcome.delivery);
    const [live, shadow] = side === 'live' ? [outcome, half[1]] : [half[1], outcome];
    if (live.end === 'cancelled' || shadow.end === 'cancelled') return;
    if (live.end === 'undelivered' && shadow.end === 'undelivered') return;
    const block = this.blockAt(live.placedMs);
    if (live.end !== shadow.end) {
      this.only[live.end === 'delivered' ? 'live' : 'shadow']++;
      return;
    }
    this.pairs++;
    block.pairs++;
    block.clickToDoorMs += shadow.clickToDoorMs - live.clickToDoorMs;
    block.lateMs += shadow.lateMs - live.lateMs;
  }

  /** What is half known will never be whole. */
  forgetHalves(): void {
    this.halves.clear();
  }

  figures(): PairedFigures {
    const blocks = [...this.blocks.values()];
    const clickToDoor = differenceOf(blocks, (block) => block.clickToDoorMs);
    const late = differenceOf(blocks, (block) => block.lateMs);
    const { live: onlyLive, shadow: onlyShadow } = this.only;
    const counts = { pairs: this.pairs, blocks: this.blocks.size, onlyLive, onlyShadow };
    return { ...counts, clickToDoor, late, ...verdictOn({ ...counts, clickToDoor, late }) };
  }

  /** The block that a delivery belongs to; the oldest makes room for a new one. */
  private blockAt(placedMs: number): Block {
    const key = Math.floor(placedMs / BLOCK_MS);
    const known = this.blocks.get(key);
    if (known) return known;
    const made: Block = { pairs: 0, clickToDoorMs: 0, lateMs: 0 };
    this.blocks.set(key, made);
    if (this.blocks.size > BLOCKS_MAX) {
      const oldest = Math.min(...this.blocks.keys());
      this.pairs -= this.blocks.get(oldest)?.pairs ?? 0;
      this.blocks.delete(oldest);
    }
    return made;
  }

  private forgetOldest(): void {
    for (const oldest of this.halves.keys()) {
      this.halves.delete(oldest);
      return;
    }
  }
}

/** The mean difference per pair and its interval; null where blocks are too few to say. */
function differenceOf(
  all: readonly Block[],
  of: (block: Block) => number,
): PairedDifference | null {
  const blocks = all.filter((block) => block.pairs > 0);
  const freedom = blocks.length - 1;
  const t = STUDENT.findLast(([least]) => least <= freedom)?.[1];
  if (t === undefined) return null;
  const pairs = blocks.reduce((sum, block) => sum + block.pairs, 0);
  const mean = blocks.reduce((sum, block) => sum + of(block), 0) / pairs;
  const squares = blocks.reduce((sum, block) => sum + (of(block) - mean * block.pairs) ** 2, 0);
  const error = Math.sqrt((squares * blocks.length) / freedom) / pairs;
  return {
    meanMs: Math.round(mean),
    lowMs: Math.round(mean - t * error),
    highMs: Math.round(mean + t * error),
  };
}

/** One thing that is looked at: which side is better in it, and the words for that. */
interface Finding {
  readonly better: 'live' | 'shadow' | null;
  readonly says: string;
}

function verdictOn(figures: Omit<PairedFigures, keyof Verdict>): Verdict {
  const { pairs, blocks, clickToDoor, late, onlyLive, onlyShadow } = figures;
  const compared = pairs + onlyLive + onlyShadow;
  const sample = `${compared} deliveries in ${blocks} blocks of ${BLOCK_MS / 3_600_000} hours`;
  if (compared < COMPARED_MIN || blocks < BLOCKS_MIN) {
    const says = `Too early to say: ${sample}; needed are ${COMPARED_MIN} in ${BLOCKS_MIN}.`;
    return { verdict: 'too_early', says };
  }
  const given = onUndelivered(onlyLive, onlyShadow);
  const times = [
    ...(clickToDoor ? [onTime('click-to-door', clickToDoor)] : []),
    ...(late ? [onTime('lateness', late)] : []),
  ];
  // Who gives up the hard ones is quicker with the rest: that decides before any time does.
  const findings = given.better === null ? times : [given];
  const isBetter = findings.some(({ better }) => better === 'shadow');
  const isWorse = findings.some(({ better }) => better === 'live');
  const verdict = isBetter ? (isWorse ? 'mixed' : 'better') : isWorse ? 'worse' : 'no_difference';
  const says = [...times, given].map((finding) => finding.says).join('; ');
  const test = `${INTERVAL_PERCENT} % intervals from paired blocks (t-test), exact sign test`;
  return { verdict, says: `${WORDS[verdict]}: ${says}. ${sample}; ${test}.` };
}

const WORDS = {
  better: 'The shadow does better',
  worse: 'The shadow does worse',
  mixed: 'The shadow does better in one thing and worse in another',
  no_difference: 'No clear difference',
} as const;

function onTime(what: string, { meanMs, lowMs, highMs }: PairedDifference): Finding {
  const better = highMs < 0 ? 'shadow' : lowMs > 0 ? 'live' : null;
  const by = `${seconds(meanMs)} s (${seconds(lowMs)} to ${seconds(highMs)})`;
  const word = better === null ? 'not clearly different, by' : 'differs by';
  return { better, says: `${what} ${word} ${by} per delivery` };
}

function seconds(ms: number): string {
  const value = Math.round(ms / 100) / 10;
  return value > 0 ? `+${value}` : String(value);
}

/** Deliveries that only one side made: under chance alone each side has half of them. */
function onUndelivered(onlyLive: number, onlyShadow: number): Finding {
  const isClear = signTest(onlyLive, onlyShadow) < 1 - INTERVAL_PERCENT / 100;
  const better = isClear ? (onlyShadow > onlyLive ? 'shadow' : 'live') : null;
  const counts = `${onlyShadow} made by the shadow alone, ${onlyLive} by the live weights alone`;
  return { better, says: better === null ? counts : `${counts}, a clear difference` };
}

/** Two-sided p of an exact sign test: so uneven a split, or a more uneven one, by tossing a coin. */
export function signTest(a: number, b: number): number {
  const n = a + b;
  const least = Math.min(a, b);
  let tail = 0;
  // log of C(n, k) / 2^n, from k to k + 1.
  let log = -n * Math.log(2);
  for (let k = 0; k <= least; k++) {
    tail += Math.exp(log);
    log += Math.log((n - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}
