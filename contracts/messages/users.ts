/** What `users` tells: a person is gone, or has taken a copy of what is known about them. */
import type { Role } from '../api/users.ts';
import type { AccountId, DriverId, UserId } from '../ids.ts';

export const USER_STREAM = 'events:users';

/**
 * The person asked to be forgotten and is. Ids stay: whoever keeps texts or places of this person
 * (notes, drop-offs, traces) removes them when it hears this. May arrive more than once.
 */
export interface UserDeleted {
  readonly type: 'user.deleted';
  readonly user: UserId;
  readonly role: Role;
  readonly account: AccountId;
  readonly driver: DriverId | null;
  /** Wall ms. */
  readonly atMs: number;
}

/** For the record only. */
export interface AccountExported {
  readonly type: 'account.exported';
  readonly user: UserId;
  /** Wall ms. */
  readonly atMs: number;
}

export type UserEvent = UserDeleted | AccountExported;
