/** Which limits a request counts against, and what its answer says of them. */
import type { ServerResponse } from 'node:http';
import type { DoorConfig } from '../../config/index.ts';
import { OPERATOR_ACCOUNT } from '../../contracts/api/accounts.ts';
import type { Caller } from '../../platform/service.ts';
import { type Policy, type RateLimit, type Standing, WINDOW_MS } from './rate-limit.ts';

export interface Limiting {
  /** For what needs no credentials, and for credentials that are wrong. */
  address(address: string, response: ServerResponse): void;
  /** For a caller who is known: its credential, and for programs and vendors their account. */
  caller(caller: Caller, response: ServerResponse): void;
}

export function createLimiting(limit: RateLimit, door: DoorConfig): Limiting {
  const policy = (name: string, perSecond: number): Policy => ({
    name,
    quota: Math.round((perSecond * WINDOW_MS) / 1000),
  });
  const address = policy('address', door.addressPerSecond);
  const credential = policy('credential', door.credentialPerSecond);
  const account = policy('account', door.accountPerSecond);
  return {
    address: (who, response) => {
      announce(response, [address]);
      tell(response, [limit.take(address, who)]);
    },
    caller(caller, response) {
      if (caller.kind !== 'user' && caller.kind !== 'api_key') return;
      // Customers and drivers are of the operator's account: that is everybody.
      const isShared = caller.account === OPERATOR_ACCOUNT;
      announce(response, isShared ? [credential] : [credential, account]);
      const standings = [limit.take(credential, caller.sub)];
      if (!isShared) standings.push(limit.take(account, caller.account));
      tell(response, standings);
    },
  };
}

/** Header fields of the IETF's draft "RateLimit header fields for HTTP", as structured fields. */
function announce(response: ServerResponse, policies: readonly Policy[]): void {
  const windowSeconds = WINDOW_MS / 1000;
  const items = policies.map(({ name, quota }) => `"${name}";q=${quota};w=${windowSeconds}`);
  response.setHeader('RateLimit-Policy', items.join(', '));
}

function tell(response: ServerResponse, standings: readonly Standing[]): void {
  const items = standings.map(
    ({ policy, left, resetSeconds }) => `"${policy.name}";r=${left};t=${resetSeconds}`,
  );
  response.setHeader('RateLimit', items.join(', '));
}
