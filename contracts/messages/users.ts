/** What `users` tells: a person is gone, or has taken a copy of what is known about them. */
import type { Role } from '../api/users.ts';
import type { AccountId, DriverId, SessionId, UserId } from '../ids.ts';

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

/** Nobody registers on it: it keeps the newest entries, for whoever checks access tokens. */
export const SESSION_STREAM = 'events:sessions';

/** Log-ins that are over: the one named, or all of a person that began by then. */
export interface SessionsEnded {
  readonly type: 'sessions.ended';
  readonly user: UserId;
  /** Absent: all. */
  readonly session?: SessionId;
  /** Of all, this one goes on. */
  readonly except?: SessionId;
  /** Wall ms. */
  readonly atMs: number;
}
