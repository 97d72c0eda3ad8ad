/** Who is behind a request: a token, an API key, or nobody. Decides nothing about objects. */
import type { Route } from '../../contracts/api/routes.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { API_KEY_PREFIX, hashSecret } from '../../platform/auth/secrets.ts';
import type { Tokens } from '../../platform/auth/tokens.ts';
import type { Caller } from '../../platform/service.ts';

/** Wall ms a key is believed without asking again: how long a revoked one may still work. */
const KEY_CACHE_MS = 10_000;
const KEY_CACHE_MAX = 1_000;

export interface IdentityDeps {
  readonly tokens: Pick<Tokens, 'verifyToken'>;
  /** Asks the users service. */
  readonly verifyApiKey: (secret: string) => Promise<Caller>;
}

export interface Identity {
  /** The caller, allowed to use the route. Throws the matching `auth.*` error. */
  authorize(route: Route, authorization: string | undefined): Promise<Caller>;
}

export function createIdentity(deps: IdentityDeps): Identity {
  const keys = new Map<string, { readonly caller: Caller; readonly untilMs: number }>();

  const byKey = async (secret: string): Promise<Caller> => {
    const hash = hashSecret(secret);
    const known = keys.get(hash);
    if (known !== undefined && known.untilMs > Date.now()) return known.caller;
    const caller = await deps.verifyApiKey(secret);
    if (keys.size >= KEY_CACHE_MAX) keys.clear();
    keys.set(hash, { caller, untilMs: Date.now() + KEY_CACHE_MS });
    return caller;
  };

  const byToken = async (route: Route, token: string): Promise<Caller> => {
    const claims = await deps.tokens.verifyToken(token);
    const mayWatch = claims.scope === 'view' && route.viewable === true;
    // A tracking link is a token, too, but not one of a person.
    if (claims.scope !== 'access' && !mayWatch) throw new WaggleError('auth.forbidden');
    return {
      kind: 'user',
      sub: claims.sub,
      role: claims.role,
      account: claims.account,
      ...(claims.driver === undefined ? {} : { driver: claims.driver.id }),
      ...(claims.session === undefined ? {} : { session: claims.session }),
      ...(claims.member === undefined ? {} : { member: claims.member }),
    };
  };

  return {
    async authorize(route, authorization) {
      if (route.roles === 'public') return { kind: 'public' };
      const credential = bearerOf(authorization);
      const caller = credential.startsWith(API_KEY_PREFIX)
        ? await byKey(credential)
        : await byToken(route, credential);
      if (!mayCall(route, caller)) throw new WaggleError('auth.forbidden');
      return caller;
    },
  };
}

function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined) throw new WaggleError('auth.missing');
  const match = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization);
  if (match?.[1] === undefined) throw new WaggleError('auth.invalid');
  return match[1];
}

function mayCall(route: Route, caller: Caller): boolean {
  if (caller.kind === 'user') {
    if (route.roles === 'public' || !route.roles.includes(caller.role)) return false;
    // A token without a member role is of a time when every member was an owner.
    return caller.member === undefined || (route.members?.includes(caller.member) ?? true);
  }
  if (caller.kind !== 'api_key') return false;
  return route.scope !== undefined && caller.scopes.includes(route.scope);
}
