/** Runs the rules over orders that were just placed: facts for all of them in one query. */
import type { Transaction } from '../../../platform/database.ts';
import type { Checked, SagaTerms } from '../saga/saga-state.ts';
import { factsOf } from './queries.ts';
import { type FraudPolicy, judge, lookBackOf } from './rules.ts';

export type Checker = (
  trx: Transaction,
  orders: readonly SagaTerms[],
) => Promise<ReadonlyMap<string, Checked>>;

/** A checker under a policy. An order of which nothing is known would be our own mistake. */
export function createChecker(policy: FraudPolicy): Checker {
  return async (trx, orders) => {
    const facts = await factsOf(
      trx,
      orders.map(({ order }) => order),
      lookBackOf(policy),
    );
    return new Map(
      [...facts].map(([order, known]): [string, Checked] => {
        const { outcome, score, findings } = judge(known, policy);
        return [order, { type: 'checked', outcome, explanation: { score, findings } }];
      }),
    );
  };
}
