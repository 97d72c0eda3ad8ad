/**
 * The rules that look at an order before anything is asked of anybody. Pure: facts in, an explained
 * score out. Each rule says what it found in words that ops can read; scores add up, and the sum
 * decides: allow, review (a person looks), refuse.
 */

/** What is known of an order, its customer and its address. Counts are bounded by `lookBackOf`. */
export interface FraudFacts {
  /** Orders of the customer in the last hour of zone time, without this one. */
  readonly ordersByCustomer: number;
  /** Orders of anybody to this address in the last hour. */
  readonly ordersToAddress: number;
  /** Customers who had something brought to this address in the last hour. */
  readonly customersAtAddress: number;
  /** Earlier orders that were looked at. */
  readonly earlierOrders: number;
  /** Whether one of them went somewhere near; null without earlier orders. */
  readonly nearEarlier: boolean | null;
  /** Mean total of the earlier ones, minor units; null without. */
  readonly usualMinor: number | null;
  readonly amountMinor: number;
  readonly blocked: readonly BlockedKind[];
}

export const BLOCKED_KINDS = ['customer', 'address', 'phone'] as const;
export type BlockedKind = (typeof BLOCKED_KINDS)[number];

export interface FraudPolicy {
  /** Orders of one customer in an hour of zone time; 0: as many as they like. */
  readonly ordersPerHourMax: number;
  /** Minor units of any currency from which a person looks; 0: any amount. */
  readonly amountMinorMax: number;
  readonly reviewScore: number;
  readonly refuseScore: number;
}

/** What a rule found. */
export interface Finding {
  readonly rule: string;
  readonly score: number;
  readonly because: string;
}

type Rule = (facts: FraudFacts, policy: FraudPolicy) => Finding | null;

/** Earlier orders from which a habit is known. */
const HABIT_MIN = 3;
/** An amount so many times the usual one is odd. */
const ODD_FACTOR = 5;
/** Several customers share a house, not a doorstep: the address may see so many times as much. */
const ADDRESS_FACTOR = 3;
const STRANGERS_MAX = 4;
const VELOCITY_SCORE = 40;
const PER_ORDER_SCORE = 5;
const VELOCITY_SCORE_MAX = 90;
const MISMATCH_SCORE = 30;
const ODD_AMOUNT_SCORE = 35;
const AMOUNT_SCORE = 60;
const BLOCKED_SCORE = 100;

function velocity(count: number, max: number): number {
  const over = count - max;
  return Math.min(VELOCITY_SCORE_MAX, VELOCITY_SCORE + over * PER_ORDER_SCORE);
}

export const RULES: readonly Rule[] = [
  function velocityOfCustomer({ ordersByCustomer: count }, { ordersPerHourMax: max }) {
    if (max === 0 || count < max) return null;
    const because = `${count} orders of this customer within an hour; ${max} are usual`;
    return { rule: 'velocity_customer', score: velocity(count, max), because };
  },
  function velocityOfAddress({ ordersToAddress: count, customersAtAddress }, policy) {
    const max = policy.ordersPerHourMax * ADDRESS_FACTOR;
    if (max === 0 || (count < max && customersAtAddress <= STRANGERS_MAX)) return null;
    const because = `${count} orders of ${customersAtAddress} customers to this address within an hour`;
    return { rule: 'velocity_address', score: velocity(Math.max(count, max), max), because };
  },
  function addressMismatch({ earlierOrders, nearEarlier }) {
    if (earlierOrders < HABIT_MIN || nearEarlier !== false) return null;
    const because = `none of ${earlierOrders} earlier orders went anywhere near`;
    return { rule: 'address_mismatch', score: MISMATCH_SCORE, because };
  },
  function amount({ amountMinor }, { amountMinorMax }) {
    if (amountMinorMax === 0 || amountMinor < amountMinorMax) return null;
    const because = `${amountMinor} minor units; ${amountMinorMax} are looked at`;
    return { rule: 'amount', score: AMOUNT_SCORE, because };
  },
  function oddAmount({ amountMinor, usualMinor, earlierOrders }) {
    if (usualMinor === null || earlierOrders < HABIT_MIN) return null;
    if (amountMinor < usualMinor * ODD_FACTOR) return null;
    const because = `${amountMinor} minor units; this customer usually pays about ${usualMinor}`;
    return { rule: 'odd_amount', score: ODD_AMOUNT_SCORE, because };
  },
  function blockedList({ blocked }) {
    if (blocked.length === 0) return null;
    return { rule: 'blocked', score: BLOCKED_SCORE, because: `blocked: ${blocked.join(', ')}` };
  },
];

/** How many earlier orders the rules need to see: enough to tell review from refusal. */
export function lookBackOf({ ordersPerHourMax: max }: FraudPolicy): {
  readonly ofCustomer: number;
  readonly toAddress: number;
} {
  if (max === 0) return { ofCustomer: HABIT_MIN, toAddress: 0 };
  const more = Math.ceil((VELOCITY_SCORE_MAX - VELOCITY_SCORE) / PER_ORDER_SCORE);
  return { ofCustomer: max + more, toAddress: max * ADDRESS_FACTOR + more };
}

export interface Judgement {
  readonly outcome: 'allow' | 'review' | 'refuse';
  readonly score: number;
  readonly findings: readonly Finding[];
}

/** Runs all rules. */
export function judge(facts: FraudFacts, policy: FraudPolicy): Judgement {
  const findings = RULES.flatMap((rule) => rule(facts, policy) ?? []);
  const score = findings.reduce((sum, finding) => sum + finding.score, 0);
  const { refuseScore, reviewScore } = policy;
  const outcome = score >= refuseScore ? 'refuse' : score >= reviewScore ? 'review' : 'allow';
  return { outcome, score, findings };
}
