/** The account of the installation itself: customers, drivers and ops belong to it. */
import type { AccountId } from '../ids.ts';

export const OPERATOR_ACCOUNT: AccountId = 'acc_00000000-0000-7000-8000-000000000001';
