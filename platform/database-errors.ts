/**
 * Tells failures of Postgres apart by their codes: what a caller may send again, and what is ours.
 * The list is closed; a code that is not in it is never retried.
 */
import { WaggleError } from '../contracts/errors.ts';

/** Connection exceptions, shutdown, start-up, too many connections, out of resources. */
const AWAY = /^(08|53|57P0|57014)/;
/** Serialisation failure, deadlock, lock not available: the same transaction may be tried again. */
const RETRY = new Set(['40001', '40P01', '55P03']);
const UNIQUE_VIOLATION = '23505';
const EXCLUSION_VIOLATION = '23P01';
/** Errors of sockets and of knex's pool that mean the server cannot be reached. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EHOSTUNREACH',
]);

/** Objection wraps the driver's error in one of its own. */
function unwrap(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { nativeError } = error as { nativeError?: unknown };
  return nativeError ?? error;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** The violated unique constraint, or undefined. */
export function uniqueViolation(error: unknown): string | undefined {
  return violation(error, UNIQUE_VIOLATION);
}

/** The violated exclusion constraint, or undefined. */
export function exclusionViolation(error: unknown): string | undefined {
  return violation(error, EXCLUSION_VIOLATION);
}

function violation(wrapped: unknown, code: string): string | undefined {
  const error = unwrap(wrapped);
  if (codeOf(error) !== code) return undefined;
  const { constraint } = error as { constraint?: unknown };
  return typeof constraint === 'string' ? constraint : '';
}

/** Whether the same transaction may simply be run again. */
export function isRetryable(error: unknown): boolean {
  return RETRY.has(codeOf(unwrap(error)) ?? '');
}

/** Whether Postgres cannot be reached or cannot serve now. */
export function isDatabaseAway(wrapped: unknown): boolean {
  const error = unwrap(wrapped);
  if (typeof error !== 'object' || error === null) return false;
  const code = codeOf(error);
  if (code !== undefined && (UNREACHABLE.has(code) || AWAY.test(code))) return true;
  const { name, message, errors } = error as {
    name?: unknown;
    message?: unknown;
    errors?: unknown;
  };
  if (name === 'KnexTimeoutError') return true;
  if (Array.isArray(errors) && errors.some(isDatabaseAway)) return true;
  return (
    typeof message === 'string' &&
    (message.startsWith('Connection terminated') || message.startsWith('Connection ended'))
  );
}

/** Zero characters, and halves of characters in JSON: text that JavaScript has and Postgres has not. */
const UNSTORABLE = new Set(['22021', '22P05']);

/** Whether a text of the request cannot be stored as it is. */
function isUnstorableText(wrapped: unknown): boolean {
  const error = unwrap(wrapped);
  const code = codeOf(error) ?? '';
  if (code !== '22P02') return UNSTORABLE.has(code);
  return /surrogate/.test(String((error as { detail?: unknown }).detail ?? ''));
}

/**
 * Turns "Postgres is away" into `service.unavailable` (503) and text that cannot be stored into
 * `request.invalid`; passes everything else on.
 */
export function translateDatabaseError(error: unknown): unknown {
  if (isUnstorableText(error)) {
    return new WaggleError('request.invalid', 'a text holds a character that cannot be stored');
  }
  if (isDatabaseAway(error) || isRetryable(error)) {
    return new WaggleError('service.unavailable', 'the database cannot be reached');
  }
  return error;
}
