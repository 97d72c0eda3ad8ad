/**
 * One person's log-in: an access token that is renewed before it ends. Passwords follow from the
 * operator's, so that a later run on the same installation can log in again without a file of its own.
 */
import { createHmac } from 'node:crypto';
import type { Tokens } from '../contracts/api/users.ts';
import { type Call, type Rest, RestError } from './rest.ts';

/** Renewed this long before its end, wall ms. */
const RENEW_EARLY_MS = 120_000;

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** The credentials of a person of the demo, the same in every run of one installation. */
export function credentialsOf(secret: string, person: string): Credentials {
  const local = person.toLowerCase().replace(/[^a-z0-9]+/g, '.');
  const email = `${local}@demo.waggle.example`;
  return { email, password: createHmac('sha256', secret).update(email).digest('base64url') };
}

export class Session {
  readonly credentials: Credentials;
  private readonly rest: Rest;
  private tokens: Tokens | null = null;
  private untilMs = 0;
  private renewing: Promise<string> | null = null;

  constructor(rest: Rest, credentials: Credentials) {
    this.rest = rest;
    this.credentials = credentials;
  }

  /** Takes tokens that came with a registration. */
  take(tokens: Tokens): void {
    this.tokens = tokens;
    this.untilMs = performance.now() + tokens.expiresInSeconds * 1000 - RENEW_EARLY_MS;
  }

  /** An access token that is good for a while; logs in or renews when needed, once at a time. */
  async token(): Promise<string> {
    if (this.tokens && performance.now() < this.untilMs) return this.tokens.accessToken;
    this.renewing ??= this.renew().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** Whether this person is registered here; then it is logged in as well. */
  async isKnown(): Promise<boolean> {
    const call = { method: 'POST', path: '/auth/login', body: this.credentials } as const;
    const answer = await this.rest.ask(call);
    if (answer.status === 401) return false;
    if (answer.status !== 200) {
      throw new RestError('POST /auth/login', answer.status, answer.body as object);
    }
    this.take((answer.body as { tokens: Tokens }).tokens);
    return true;
  }

  /** Trades the refresh token, so that new rights (an approval) are in the access token. */
  async renew(): Promise<string> {
    const tokens = (this.tokens && (await this.refresh(this.tokens))) ?? (await this.logIn());
    this.take(tokens);
    return tokens.accessToken;
  }

  /** Calls as this person. */
  async call<T>(call: Omit<Call, 'token'>): Promise<T> {
    return this.rest.call<T>({ ...call, token: await this.token() });
  }

  private async refresh({ refreshToken }: Tokens): Promise<Tokens | null> {
    const body = { refreshToken };
    const answer = await this.rest.ask({ method: 'POST', path: '/auth/refresh', body });
    // A refresh whose answer was lost has used the token up: then the password decides.
    return answer.status === 200 ? (answer.body as Tokens) : null;
  }

  private async logIn(): Promise<Tokens> {
    const call = { method: 'POST', path: '/auth/login', body: this.credentials } as const;
    const { tokens } = await this.rest.call<{ tokens?: Tokens }>(call);
    if (!tokens)
      throw new RestError('POST /auth/login', 200, { detail: 'no tokens in the answer' });
    return tokens;
  }
}
