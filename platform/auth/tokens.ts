/**
 * Signs and verifies access tokens and tracking links: JWT, HS256, with a `kid`, so that keys can be
 * rotated without ending sessions. Owns no storage; refresh tokens are the users service's.
 * Tokens live in wall time, whatever the speed of zone time.
 */
import { errors as joseErrors, jwtVerify, SignJWT } from 'jose';
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
  const secrets = new Map(options.keys.map(({ kid, secret }) => [kid, importKey(secret)]));
  const [signer] = options.keys;
  const signingKey = importKey(signer.secret);
  const sign = async (claims: Omit<Claims, 'exp'>, ttlMs: number): Promise<string> => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: ALGORITHM, kid: signer.kid })
      .setIssuer(ISSUER)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + Math.max(1, Math.round(ttlMs / 1000)))
      .sign(await signingKey);
  };
  return {
    verifyToken: (token) => verify(token, secrets),
    signAccess: (claims) => sign({ ...claims, scope: 'access' }, options.accessTokenMs),
    signTracking: (delivery, account, ttlMs) =>
      sign({ sub: delivery, role: 'customer', account, delivery, scope: 'track' }, ttlMs),
    signView: (operator, account, ttlMs) =>
      sign({ sub: operator, role: 'ops', account, scope: 'view' }, ttlMs),
  };
}

/** Once for all tokens: a secret given as bytes is imported anew for each, half of what one costs. */
function importKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify']);
}

async function verify(
  token: string,
  secrets: ReadonlyMap<string, Promise<CryptoKey>>,
): Promise<Claims> {
  if (token.length > TOKEN_LENGTH_MAX) throw new WaggleError('auth.invalid');
  try {
    const { payload } = await jwtVerify<Claims>(
      token,
      (header) => {
        const secret = secrets.get(header.kid ?? '');
        if (secret === undefined) throw new WaggleError('auth.invalid');
        return secret;
      },
      { issuer: ISSUER, algorithms: [ALGORITHM], requiredClaims: ['sub', 'exp', 'scope'] },
    );
    return payload;
  } catch (error) {
    if (error instanceof joseErrors.JWTExpired) throw new WaggleError('auth.expired');
    throw new WaggleError('auth.invalid');
  }
}
