/** Who may see and touch a delivery. Foreign ones look as if they did not exist. */
import { WaggleError } from '../../contracts/errors.ts';
import type { AccountId } from '../../contracts/ids.ts';
import type { Caller } from '../../platform/service.ts';
import type { DeliveryRow } from './rows.ts';

/** Throws `resource.not_found` unless the caller may see the delivery. */
export function checkSees(caller: Caller, row: DeliveryRow | undefined): DeliveryRow {
  if (row !== undefined && sees(caller, row)) return row;
  throw new WaggleError('resource.not_found');
}

function sees(caller: Caller, row: DeliveryRow): boolean {
  switch (caller.kind) {
    case 'system':
      return true;
    case 'api_key':
      return caller.account === row.account;
    case 'public':
      return false;
    case 'user':
      switch (caller.role) {
        case 'ops':
          return true;
        case 'vendor':
          return caller.account === row.account;
        case 'customer':
          return row.customer === caller.sub;
        case 'driver':
          return caller.driver !== undefined && row.driver === caller.driver;
      }
  }
}

/** The account a list is limited to; undefined: all. Throws for callers without a list. */
export function listAccount(caller: Caller): AccountId | undefined {
  if (caller.kind === 'system') return undefined;
  if (caller.kind === 'api_key') return caller.account;
  if (caller.kind === 'user' && caller.role === 'ops') return undefined;
  if (caller.kind === 'user' && caller.role === 'vendor') return caller.account;
  throw new WaggleError('auth.forbidden');
}

/**
 * For which account somebody asks, and whose Idempotency-Key it is. Ops may name any account.
 * Throws `auth.forbidden` for callers that have none.
 */
export function askingAccount(
  caller: Caller,
  account: string | undefined,
): { readonly account: AccountId; readonly owner: string } {
  if (caller.kind !== 'user' && caller.kind !== 'api_key') throw new WaggleError('auth.forbidden');
  const isOps = caller.kind === 'user' && caller.role === 'ops';
  if (account !== undefined && !isOps && account !== caller.account) {
    throw new WaggleError('auth.forbidden');
  }
  return { account: (account as AccountId | undefined) ?? caller.account, owner: caller.sub };
}
