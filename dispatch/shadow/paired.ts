/**
 * Compares two sides delivery by delivery, and says in plain words what came of it. Deliveries of one
 * quarter of an hour share drivers and kitchens, so they are no independent samples: they are summed
 * in blocks of time, and the interval comes from drawing whole blocks (block bootstrap, Künsch 1989;
 * percentile interval, Efron 1979). The draws are seeded: the same figures give the same interval.
 */
import type { DeliveryId } from '../../contracts/ids.ts';
import type { PairedDifference, SimulatedFigures } from '../../contracts/shadow.ts';
import { RandomStream } from '../core/random.ts';
import type { Outcome } from './outcomes.ts';

/** Deliveries placed within this long stand together, zone ms. */
const BLOCK_MS = 15 * 60_000;
/** A week of blocks; of more the oldest go. */
const BLOCKS_MAX = 672;
/** Deliveries that one side has ended and the other has not; of more the oldest are forgotten. */
const HALVES_MAX = 20_000;
const DRAWS = 1_000;
/** Of 100 intervals this many hold the truth: three things are looked at, and more than once. */
const INTERVAL_PERCENT = 99;
/** No verdict on less. */
export const COMPARED_MIN = 200;
export const BLOCKS_MIN = 20;

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
  private readonly seed: string;
  private known: { readonly pairs: number; readonly intervals: Intervals } | null = null;

  /** @param seed names the random draws @param kept goes on from these */
  constructor(seed: string, kept?: PairedSums) {
    this.seed = seed;
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
    const { clickToDoor, late } = this.intervals();
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

  /** Drawn anew when a hundredth more is known: a report a second need not cost a million draws. */
  private intervals(): Intervals {
    const { known, pairs } = this;
    if (known && Math.abs(pairs - known.pairs) * 100 <= known.pairs) return known.intervals;
    const intervals = drawIntervals(
      [...this.blocks.values()].filter((block) => block.pairs > 0),
      new RandomStream(this.seed, pairs),
    );
    this.known = { pairs, intervals };
    return intervals;
  }

  private forgetOldest(): void {
    for (const oldest of this.halves.keys()) {
      this.halves.delete(oldest);
      return;
    }
  }
}

interface Intervals {
  readonly clickToDoor: PairedDifference | null;
  readonly late: PairedDifference | null;
}

function drawIntervals(blocks: readonly Block[], random: RandomStream): Intervals {
  const pairs = blocks.reduce((sum, block) => sum + block.pairs, 0);
  if (pairs === 0) return { clickToDoor: null, late: null };
  const clickToDoor: number[] = [];
  const late: number[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    const sum: Block = { pairs: 0, clickToDoorMs: 0, lateMs: 0 };
    for (let n = 0; n < blocks.length; n++) {
      const block = blocks[random.below(blocks.length)] as Block;
      sum.pairs += block.pairs;
      sum.clickToDoorMs += block.clickToDoorMs;
      sum.lateMs += block.lateMs;
    }
    clickToDoor.push(sum.clickToDoorMs / sum.pairs);
    late.push(sum.lateMs / sum.pairs);
  }
  const meanOf = (of: (block: Block) => number) =>
    blocks.reduce((sum, block) => sum + of(block), 0) / pairs;
  return {
    clickToDoor: interval(
      meanOf((block) => block.clickToDoorMs),
      clickToDoor,
    ),
    late: interval(
      meanOf((block) => block.lateMs),
      late,
    ),
  };
}

function interval(mean: number, draws: number[]): PairedDifference {
  draws.sort((a, b) => a - b);
  const tail = Math.floor((draws.length * (100 - INTERVAL_PERCENT)) / 200);
  return {
    meanMs: Math.round(mean),
    lowMs: Math.round(draws[tail] as number),
    highMs: Math.round(draws[draws.length - 1 - tail] as number),
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
  const sample = `${compared} deliveries in ${blocks} blocks of ${BLOCK_MS / 60_000} minutes`;
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
  const test = `${INTERVAL_PERCENT} % intervals from a paired block bootstrap, exact sign test`;
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
