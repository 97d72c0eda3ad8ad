/**
 * Carries errors of the catalogue over the broker and back. Moleculer sends name, code, type and
 * data of an error; the catalogue's code and fields travel in `data`. Never invents a code.
 */
import { Errors } from 'moleculer';
import { ERRORS, type ErrorCode, type FieldProblem, WaggleError } from '../contracts/errors.ts';

const ERROR_TYPE = 'WAGGLE';

interface ErrorData {
  readonly code: ErrorCode;
  readonly fields: readonly FieldProblem[];
  readonly retryAfterSeconds?: number;
}

/** Wraps a catalogue error for the wire; everything else is passed on as it is. */
export function toBrokerError(error: unknown): unknown {
  if (!(error instanceof WaggleError)) return error;
  const { code, fields, retryAfterSeconds } = error;
  const data: ErrorData = { code, fields, retryAfterSeconds };
  return new Errors.MoleculerError(error.message, error.status, ERROR_TYPE, data);
}

/** The catalogue error behind anything an action call may throw. Unknown ones become `internal`. */
export function toWaggleError(error: unknown): WaggleError {
  if (error instanceof WaggleError) return error;
  const known = fromData(error);
  if (known !== undefined) return known;
  if (
    error instanceof Errors.ServiceNotFoundError ||
    error instanceof Errors.ServiceNotAvailableError ||
    error instanceof Errors.RequestRejectedError ||
    error instanceof Errors.QueueIsFullError ||
    error instanceof Errors.BrokerDisconnectedError
  ) {
    return new WaggleError('service.unavailable');
  }
  // Skipped: the time of the outer call was over before the inner one could begin.
  if (error instanceof Errors.RequestTimeoutError || error instanceof Errors.RequestSkippedError) {
    return new WaggleError('request.timeout');
  }
  const unknown = new WaggleError('internal');
  unknown.cause = error;
  return unknown;
}

function fromData(error: unknown): WaggleError | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { type, data, message } = error as { type?: unknown; data?: unknown; message?: unknown };
  if (type !== ERROR_TYPE || typeof data !== 'object' || data === null) return undefined;
  const { code, fields, retryAfterSeconds } = data as Record<keyof ErrorData, unknown>;
  if (typeof code !== 'string' || !(code in ERRORS)) return undefined;
  const known = new WaggleError(
    code as ErrorCode,
    typeof message === 'string' ? message : undefined,
    Array.isArray(fields) ? (fields as FieldProblem[]) : [],
  );
  if (typeof retryAfterSeconds === 'number') known.retryAfterSeconds = retryAfterSeconds;
  return known;
}
