/** What one route of the REST API is; see routes.ts for the table. */
import type { ApiKeyScope, MemberRole, Role } from './users.ts';

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Under /api/v1; `{name}` is a path parameter. */
  readonly path: string;
  /** The Moleculer action that answers. */
  readonly action: string;
  readonly summary: string;
  /** Who may call; `public` needs no credentials. Ownership is checked by the service. */
  readonly roles: readonly Role[] | 'public';
  /** An API key with this scope may call, too. */
  readonly scope?: ApiKeyScope;
  /** Of people of a vendor or of ops, only these may; absent: every member of the account. */
  readonly members?: readonly MemberRole[];
  readonly params: JsonSchema;
  readonly status: number;
  /** The answer; absent: no body. */
  readonly result?: JsonSchema;
  /** Other statuses of success, with what they mean. */
  readonly also?: Readonly<Record<number, string>>;
  /** Needs an Idempotency-Key header; `optional`: takes one, and is repeatable by it then. */
  readonly idempotent?: true | 'optional';
  /** The token of a link to the live page may read it, too. */
  readonly viewable?: true;
}

export const ANYONE: readonly Role[] = ['customer', 'vendor', 'driver', 'ops'];
export const OPS: readonly Role[] = ['ops'];
