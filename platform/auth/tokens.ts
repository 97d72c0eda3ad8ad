/**
 * Signs and verifies access tokens and tracking links: JWT, HS256, with a `kid`, so that keys can be
 * rotated without ending sessions. Owns no storage; refresh tokens are the users service's.
 * Tokens live in wall time, whatever the speed of zone time.
 */
import { createSigner, createVerifier, TokenError } from 'fast-jwt';
import type { MemberRole, Role } from '../../contracts/api/users.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type {
  AccountId,
  DeliveryId,
  DriverId,
  FleetId,
  SessionId,
  VehicleId,
} from '../../contracts/ids.ts';
import type { Load, VehicleKind } from '../../contracts/states.ts';

const ISSUER = 'waggle';
const ALGORITHM = 'HS256';
/** A token longer than this is not looked at. */
const TOKEN_LENGTH_MAX = 8_192;

/** What the gateway must know of a driver without asking anybody. */
export interface DriverClaims {
  readonly id: DriverId;
  readonly fleet?: FleetId;
  readonly skills: readonly string[];
  readonly vehicles: readonly {
    readonly id: VehicleId;
    readonly kind: VehicleKind;
    readonly capacity: Load;
  }[];
  readonly approved: boolean;
}

/**
 * `access`: a person logged in. `track`: the holder of a link may watch one delivery. `view`: the
 * holder of a link may watch the live page, and do nothing.
 */
export type Scope = 'access' | 'track' | 'view';

export interface Claims {
  /** User id; for a tracking link the delivery id. */
  readonly sub: string;
  readonly role: Role;
  readonly account: AccountId;
  readonly driver?: DriverClaims;
  /** Which log-in it comes from; what is sensitive asks whether that has not ended. */
  readonly session?: SessionId;
  /** Of people of a vendor or of the operator. */
  readonly member?: MemberRole;
  /** Scope `track` only. */
  readonly delivery?: DeliveryId;
  readonly scope: Scope;
  /** Unix seconds. */
  readonly exp: number;
}

export interface SigningKey {
  readonly kid: string;
  readonly secret: string;
}

export interface TokenOptions {
  /** The first signs, all verify. */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
  readonly accessTokenMs: number;
}

export interface Tokens {
  /** Throws WaggleError `auth.expired` or `auth.invalid`. */
  verifyToken(token: string): Promise<Claims>;
  signAccess(claims: Omit<Claims, 'exp' | 'scope' | 'delivery'>): Promise<string>;
  /** A link that shows one delivery until `ttlMs` (wall ms) from now. */
  signTracking(delivery: DeliveryId, account: AccountId, ttlMs: number): Promise<string>;
  /** A link to the live page on behalf of an operator, until `ttlMs` (wall ms) from now. */
  signView(operator: string, account: AccountId, ttlMs: number): Promise<string>;
}

/** Makes the signer and verifier of one installation. */
export function createTokens(options: TokenOptions): Tokens {
  const verifiers = new Map(options.keys.map(({ kid, secret }) => [kid, verifierOf(secret)]));
  const [{ kid, secret: key }] = options.keys;
  const signed = createSigner({ key, kid, algorithm: ALGORITHM, iss: ISSUER });
  const sign = async (claims: Omit<Claims, 'exp'>, ttlMs: number): Promise<string> => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const exp = nowSeconds + Math.max(1, Math.round(ttlMs / 1000));
    return signed({ ...claims, iat: nowSeconds, exp });
  };
  return {
    verifyToken: async (token) => verify(token, verifiers),
    signAccess: (claims) => sign({ ...claims, scope: 'access' }, options.accessTokenMs),
    signTracking: (delivery, account, ttlMs) =>
      sign({ sub: delivery, role: 'customer', account, delivery, scope: 'track' }, ttlMs),
    signView: (operator, account, ttlMs) =>
      sign({ sub: operator, role: 'ops', account, scope: 'view' }, ttlMs),
  };
}

/**
 * On this thread: what WebCrypto does elsewhere costs more to hand over than a hash of some hundred
 * bytes (5 us a token here, 20 to 25 there).
 */
function verifierOf(secret: string): (token: string) => Claims {
  return createVerifier({
    key: secret,
    algorithms: [ALGORITHM],
    allowedIss: ISSUER,
    requiredClaims: ['iss', 'sub', 'exp', 'scope'],
    // A token verified once is verified again: nothing to bound, nothing to forget.
    cache: false,
  });
}

function verify(token: string, verifiers: ReadonlyMap<string, (token: string) => Claims>): Claims {
  const verifier = token.length > TOKEN_LENGTH_MAX ? undefined : verifiers.get(keyOf(token));
  if (verifier === undefined) throw new WaggleError('auth.invalid');
  try {
    return verifier(token);
  } catch (error) {
    const hasExpired = error instanceof TokenError && error.code === TokenError.codes.expired;
    throw new WaggleError(hasExpired ? 'auth.expired' : 'auth.invalid');
  }
}

/** The key a token says it is signed with; what it says is not believed before it was verified. */
function keyOf(token: string): string {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
    );
    return String((header as { readonly kid?: unknown } | null)?.kid);
  } catch {
    return '';
  }
}
