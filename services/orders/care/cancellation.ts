/**
 * Who may call an order off, until when, whose fault it is and what is kept of the money. Pure, and
 * the one place of these rules; `docs/orders.md` shows the same table.
 */
import type { OrderEndCode, OrderState } from '../../../contracts/api/orders.ts';
import type { Role } from '../../../contracts/api/users.ts';
import type { PaymentMethod } from '../../../contracts/messages/payments.ts';
import type { Fault } from '../../../contracts/states.ts';

/** What is charged although nothing was delivered. */
export type Keeps = 'nothing' | 'goods' | 'all';

export interface CancelRule {
  readonly keeps: Keeps;
  /** Whether the goods are used up by then: taken from stock, not given back. */
  readonly keepsStock: boolean;
}

export type Canceller = Extract<Role, 'customer' | 'vendor' | 'ops'>;

const FREE: CancelRule = { keeps: 'nothing', keepsStock: false };
const COOKED_FREE: CancelRule = { keeps: 'nothing', keepsStock: true };
const COOKED: CancelRule = { keeps: 'goods', keepsStock: true };

/** By state and by who asks; null: too late. Nobody calls off what is on its way or has ended. */
export const CANCEL_RULES: Readonly<
  Record<OrderState, Readonly<Record<Canceller, CancelRule | null>>>
> = {
  scheduled: { customer: FREE, vendor: FREE, ops: FREE },
  placed: { customer: FREE, vendor: FREE, ops: FREE },
  accepted: { customer: FREE, vendor: FREE, ops: FREE },
  preparing: { customer: COOKED, vendor: COOKED_FREE, ops: COOKED_FREE },
  ready: { customer: COOKED, vendor: COOKED_FREE, ops: COOKED_FREE },
  on_the_way: { customer: null, vendor: null, ops: null },
  delivered: { customer: null, vendor: null, ops: null },
  cancelled: { customer: null, vendor: null, ops: null },
  failed: { customer: null, vendor: null, ops: null },
};

export const BLAME: Readonly<Record<Canceller, { code: OrderEndCode; fault: Fault }>> = {
  customer: { code: 'cancelled_by_customer', fault: 'customer' },
  vendor: { code: 'cancelled_by_vendor', fault: 'vendor' },
  ops: { code: 'cancelled_by_ops', fault: 'platform' },
};

interface Amounts {
  readonly payment: PaymentMethod;
  /** Minor units. */
  readonly totalMinor: number;
  readonly goodsMinor: number;
}

/** Minor units that a rule keeps of an order; of cash that nobody has handed over there is nothing. */
export function chargeOf(keeps: Keeps, { payment, totalMinor, goodsMinor }: Amounts): number {
  if (keeps === 'nothing' || payment.kind === 'cash') return 0;
  return keeps === 'all' ? totalMinor : Math.min(goodsMinor, totalMinor);
}

/**
 * What is charged for an order that its delivery ended: all of it when the customer is to blame for
 * a parcel that was carried to the door, nothing in every other case.
 */
export function chargeOfEnd(amounts: Amounts, fault: Fault, wasAboard: boolean): number {
  return chargeOf(fault === 'customer' && wasAboard ? 'all' : 'nothing', amounts);
}
