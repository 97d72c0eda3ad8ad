/** When an order is suspicious: the variables behind the rules of services/orders/fraud. */
import type { Variable } from './variable.ts';

export const fraudVariables = {
  WAGGLE_FRAUD_ORDERS_PER_HOUR: {
    kind: 'integer',
    min: 0,
    max: 1_000,
    default: 20,
    description:
      'Orders of one customer in an hour of zone time from which they are suspicious; 0: any number.',
  },
  WAGGLE_FRAUD_AMOUNT_MINOR: {
    kind: 'integer',
    min: 0,
    max: 1_000_000_000,
    default: 100_000,
    description: 'Minor units from which an order is looked at by a person; 0: any amount.',
  },
  WAGGLE_FRAUD_REVIEW_SCORE: {
    kind: 'integer',
    min: 1,
    max: 1_000,
    default: 60,
    description: 'Score of the fraud rules from which a person looks at an order.',
  },
  WAGGLE_FRAUD_REFUSE_SCORE: {
    kind: 'integer',
    min: 1,
    max: 1_000,
    default: 100,
    description: 'Score of the fraud rules from which an order is refused.',
  },
} as const satisfies Record<string, Variable>;
