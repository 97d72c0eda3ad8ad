/**
 * Why this driver: what ops may ask about each round that touched a delivery. It words what the log
 * says; it judges nothing and asks the engine nothing.
 */
import { PAGE_LIMIT_DEFAULT } from '../../contracts/api/common.ts';
import type { Decision, DecisionList, DecisionQuery } from '../../contracts/api/decisions.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { REJECTIONS } from '../../contracts/explanations.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database } from '../../platform/database.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import type { Call } from '../../platform/service.ts';
import { timeText } from '../../platform/times.ts';
import { checkSees } from './access.ts';
import {
  type CandidateData,
  type DecisionData,
  type DecisionPlace,
  type DecisionRow,
  forgetDecisions,
  listDecisions,
} from './projector/decision-rows.ts';
import { deliveryById } from './queries.ts';

/** Decisions are kept this long (zone ms), and at most this many of them. */
const KEPT_MS = 7 * 24 * 3_600_000;
const KEPT_MAX = 1_000_000;
const FORGET_AT_ONCE = 2_000;
const FORGET_EVERY_MS = 600_000;
/** Costs of the engine are milliseconds weighted per mille. */
const COST_PER_SECOND = 1_000_000;

/** The decisions about a delivery, newest first. Throws `resource.not_found` for an unknown one. */
export async function list(
  database: Database,
  params: DecisionQuery,
  call: Call,
): Promise<DecisionList> {
  checkSees(call.caller, await deliveryById(database.knex, params.id));
  const limit = params.limit ?? PAGE_LIMIT_DEFAULT;
  const before = params.cursor === undefined ? null : readCursor(params.cursor);
  const rows = await listDecisions(database.knex, params.id, before, limit + 1);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(decisionView),
    next: rows.length > limit && last !== undefined ? cursorOf(last) : null,
  };
}

function cursorOf({ epoch, seq, index }: DecisionPlace): string {
  return Buffer.from(`${epoch} ${seq} ${index}`).toString('base64url');
}

function readCursor(cursor: string): DecisionPlace {
  const text = Buffer.from(cursor, 'base64url').toString();
  const [, epoch, seq, index] = /^(\d{1,15}) (\d{1,15}) (\d{1,9})$/.exec(text) ?? [];
  if (epoch === undefined) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/cursor', expected: 'the `next` of an earlier page' },
    ]);
  }
  return { epoch: Number(epoch), seq: Number(seq), index: Number(index) };
}

/** A row as the API shows it: seconds, times and words. */
export function decisionView(row: DecisionRow): Decision {
  const { data, at_ms: atMs } = row;
  const chosen = data.candidates.find(({ driver }) => driver === data.chosen);
  return {
    position: `${row.shard}:${row.epoch}-${row.seq}:${row.index}`,
    at: timeText(atMs),
    zone: row.zone,
    round: row.round,
    weightsVersion: row.weights_version,
    engine: row.engine,
    outcome: data.outcome,
    driver: data.chosen,
    driverBefore: data.before,
    insteadOf: data.insteadOf,
    alsoAsked: [...data.alsoAsked],
    together: [...data.together],
    why: wordsFor(data),
    planCostSeconds: data.planCost / COST_PER_SECOND,
    stayOutSeconds: data.stayOut / COST_PER_SECOND,
    available: data.available,
    shortlisted: data.shortlisted,
    leftOff: data.leftOff,
    candidates: data.candidates.map((candidate) => ({
      driver: candidate.driver,
      costSeconds: candidate.cost / COST_PER_SECOND,
      moreThanChosenSeconds: chosen ? (candidate.cost - chosen.cost) / COST_PER_SECOND : null,
      aloneSeconds: candidate.alone === null ? null : candidate.alone / COST_PER_SECOND,
      pickupAt: timeText(atMs + candidate.pickupMs),
      doorAt: timeText(atMs + candidate.doorMs),
      terms: data.terms.map((term, n) => {
        const ms = candidate.terms[n] ?? 0;
        const perMille = data.weights[n] ?? 0;
        return {
          term,
          seconds: ms / 1000,
          perMille,
          costSeconds: (ms * perMille) / COST_PER_SECOND,
        };
      }),
    })),
    rejected: data.rejected.map(([driver, reason]) => ({
      driver,
      reason,
      words: REJECTIONS[reason] ?? reason,
    })),
  };
}

const VERBS = { assigned: 'has it', offered: 'is asked', planned: 'would have it next' } as const;

/** One sentence or two: why this driver, and why not the one who looks cheaper. */
export function wordsFor(data: DecisionData): string {
  const { outcome, chosen, candidates } = data;
  if (outcome === 'unplaced' || chosen === null) {
    const [best] = candidates;
    return best && best.cost >= data.stayOut
      ? 'Nobody has it: every driver would cost the plan more than leaving it out for now.'
      : 'Nobody has it: no shortlisted driver could take it without breaking a limit.';
  }
  const verb = `${chosen} ${VERBS[outcome]}`;
  const own = candidates.find(({ driver }) => driver === chosen);
  if (!own) return `${verb}.`;
  if (data.insteadOf !== null) {
    return `${verb} instead of ${data.insteadOf}: idle far longer than the others.`;
  }
  const others = candidates.filter(({ driver }) => driver !== chosen);
  const [rival] = others.toSorted((a, b) => a.cost - b.cost);
  const nearer = cheapestAlone(others, own);
  if (rival && rival.cost < own.cost) {
    const saved = seconds(own.cost - rival.cost);
    const missed = `moving it to ${rival.driver} would save the plan ${saved} s`;
    return `${verb}; ${missed}, which this round's search did not find.`;
  }
  if (nearer) {
    const less = seconds((own.alone ?? own.cost) - (nearer.alone ?? 0));
    const more = seconds(nearer.cost - own.cost);
    const alone = `${nearer.driver} would be ${less} s cheaper for this delivery alone`;
    return `${verb}: ${alone}, but ${more} s dearer with everything else that is planned.`;
  }
  const ahead = rival ? `, ${seconds(rival.cost - own.cost)} s ahead of ${rival.driver}` : '';
  return `${verb}: the cheapest for this delivery and for the whole plan${ahead}.`;
}

/** Who would have been cheaper than the chosen one had nothing else been planned. */
function cheapestAlone(
  others: readonly CandidateData[],
  own: CandidateData,
): CandidateData | undefined {
  const alone = (candidate: CandidateData) => candidate.alone ?? Number.POSITIVE_INFINITY;
  const [best] = others.toSorted((a, b) => alone(a) - alone(b));
  return best && alone(best) < alone(own) ? best : undefined;
}

function seconds(cost: number): number {
  return Math.round(cost / COST_PER_SECOND);
}

/** Forgets decisions that are old or too many, a bounded number at a time. */
export function startForgettingDecisions(
  deps: { readonly database: Database; readonly door: () => Promise<Door> },
  onError: (error: unknown) => void,
): Pump {
  return startPump({
    work: async () =>
      forgetDecisions(deps.database.knex, {
        beforeMs: Math.round((await deps.door()).clock.zoneMs()) - KEPT_MS,
        kept: KEPT_MAX,
        atOnce: FORGET_AT_ONCE,
      }),
    pollMs: FORGET_EVERY_MS,
    backOffMs: [1_000, 60_000],
    onError,
  });
}
