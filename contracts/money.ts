/** Money: integer minor units and an ISO 4217 code. Never a float, never without its currency. */
export interface Money {
  /** Integer count of the currency's minor unit (cents for USD, whole yen for JPY). */
  readonly amountMinor: number;
  /** ISO 4217 alphabetic code, upper case. */
  readonly currency: string;
}

/** Adds two amounts of one currency. Throws RangeError on a mix or past the safe integers. */
export function addMoney(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new RangeError(`cannot add ${a.currency} to ${b.currency}`);
  const amountMinor = a.amountMinor + b.amountMinor;
  if (!Number.isSafeInteger(amountMinor)) throw new RangeError('money is not a safe integer');
  return { amountMinor, currency: a.currency };
}
