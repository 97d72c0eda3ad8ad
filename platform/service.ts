/**
 * Builds Moleculer actions that validate, call one plain function and map its failure. Owns who is
 * calling and how errors cross the broker; never a business rule.
 */
import type { ActionSchema, Context } from 'moleculer';
import type { JsonSchema } from '../contracts/api/routes.ts';
import type { ApiKeyScope, MemberRole, Role } from '../contracts/api/users.ts';
import { WaggleError } from '../contracts/errors.ts';
import type { AccountId, DriverId, SessionId } from '../contracts/ids.ts';
import { toBrokerError, toWaggleError } from './broker-errors.ts';
import { translateDatabaseError } from './database-errors.ts';
import { createValidator, type Validator } from './validation.ts';

/** Who is calling. `system`: another part of Waggle on its own behalf (a relay). */
export type Caller =
  | {
      readonly kind: 'user';
      readonly sub: string;
      readonly role: Role;
      readonly account: AccountId;
      readonly driver?: DriverId;
      readonly session?: SessionId;
      readonly member?: MemberRole;
    }
  | {
      readonly kind: 'api_key';
      readonly sub: string;
      readonly account: AccountId;
      readonly scopes: readonly ApiKeyScope[];
    }
  | { readonly kind: 'public' }
  | { readonly kind: 'system' };

/** What travels in Moleculer's meta. */
export interface CallMeta {
  caller?: Caller;
  correlationId?: string;
  idempotencyKey?: string;
  /** Where the request came from, for limits; absent when nobody outside asked. */
  address?: string;
  /** Status of the HTTP answer when it is not the usual one. */
  $statusCode?: number;
}

/** One call of an action, without Moleculer. */
export interface Call {
  readonly caller: Caller;
  readonly correlationId: string;
  readonly idempotencyKey: string | undefined;
  /** Network address of whoever asked; undefined for Waggle itself. */
  readonly address: string | undefined;
  /** Calls another service; the answer's error is of the catalogue. Keeps trace and caller. */
  call<R>(action: string, params: object, as?: Caller): Promise<R>;
  /** Overrides the usual HTTP status. */
  setStatus(status: number): void;
}

export type Handler<P, R> = (params: P, call: Call) => Promise<R>;

export interface ActionOptions<P, R> {
  readonly params: JsonSchema;
  readonly handler: Handler<P, R>;
}

/** What an action builder needs of a process: where surprises are reported. */
export interface ActionBuilderOptions {
  readonly log: { error(detail: object, message: string): void };
  readonly validator?: Validator;
}

/** Makes `action` for one service; a validator is compiled at its action's first call. */
export function createActionBuilder(options: ActionBuilderOptions) {
  const { log, validator = createValidator() } = options;
  return function action<P, R>({ params, handler }: ActionOptions<P, R>): ActionSchema {
    const check = validator.check<P>(params);
    return {
      visibility: 'published',
      async handler(context: Context<unknown, CallMeta>): Promise<R> {
        try {
          return await handler(check(context.params ?? {}), callOf(context));
        } catch (error) {
          const known = toWaggleError(translateDatabaseError(error));
          // Only here is it known what really happened; over the broker goes the code alone.
          if (known.code === 'internal') {
            const { correlationId } = context.meta;
            const cause = known.cause ?? error;
            log.error({ err: cause, correlationId, action: context.action?.name }, 'action failed');
          }
          throw toBrokerError(known);
        }
      },
    };
  };
}

function callOf(context: Context<unknown, CallMeta>): Call {
  const { meta } = context;
  const caller = meta.caller ?? { kind: 'public' };
  const { address } = meta;
  const correlationId = meta.correlationId ?? context.requestID ?? context.id;
  let status: number | undefined;
  return {
    caller,
    correlationId,
    idempotencyKey: meta.idempotencyKey,
    address,
    async call<R>(name: string, params: object, as: Caller = caller): Promise<R> {
      const inner: CallMeta = {
        caller: as,
        correlationId,
        ...(address === undefined ? {} : { address }),
      };
      try {
        return (await context.call(name, params, { meta: inner })) as R;
      } catch (error) {
        throw toWaggleError(error);
      } finally {
        // Moleculer copies the meta of the inner call back into ours: neither its caller (often
        // the system) nor its status may become our own.
        restore(meta, caller, status);
      }
    },
    setStatus(value) {
      status = value;
      meta.$statusCode = value;
    },
  };
}

function restore(meta: CallMeta, caller: Caller, status: number | undefined): void {
  meta.caller = caller;
  if (status === undefined) delete meta.$statusCode;
  else meta.$statusCode = status;
}

/** The calling person. Throws `auth.forbidden` for keys, the public and the system. */
export function requireUser(call: Call): Extract<Caller, { kind: 'user' }> {
  if (call.caller.kind !== 'user') throw new WaggleError('auth.forbidden');
  return call.caller;
}

/** Whether the caller may see everything: ops, or Waggle itself. */
export function seesAll(caller: Caller): boolean {
  return caller.kind === 'system' || (caller.kind === 'user' && caller.role === 'ops');
}

/** Only for calls from other parts of Waggle. Throws `auth.forbidden` otherwise. */
export function requireSystem(call: Call): void {
  if (call.caller.kind !== 'system') throw new WaggleError('auth.forbidden');
}
