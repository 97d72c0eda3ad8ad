/** Turns whatever a request ended with into one problem document. Never shows what is inside. */
import type { ServerResponse } from 'node:http';
import { WaggleError } from '../../contracts/errors.ts';
import { toWaggleError } from '../../platform/broker-errors.ts';

/** Wall seconds a caller should wait before it tries again when nothing better is known. */
const RETRY_AFTER_SECONDS = 1;

/** The catalogue error for errors of the broker, the HTTP layer and the body parser. */
export function problemOf(error: unknown): WaggleError {
  const known = toWaggleError(error);
  if (known.code !== 'internal' || typeof error !== 'object' || error === null) return known;
  const { type, code, status, statusCode } = error as Record<string, unknown>;
  if (type === 'entity.too.large') return new WaggleError('request.too_large');
  if (type === 'SERVICE_NOT_FOUND') return new WaggleError('service.unavailable');
  switch (statusCode ?? status ?? code) {
    case 404:
      return new WaggleError('resource.not_found');
    case 413:
      return new WaggleError('request.too_large');
    case 429:
      return new WaggleError('request.rate_limited');
    case 503:
      return new WaggleError('service.unavailable');
    case 400:
    case 403:
    case 415:
    case 422:
      return new WaggleError('request.malformed');
    default:
      return known;
  }
}

/** Sends the problem, unless the answer has begun already. */
export function sendProblem(
  response: ServerResponse,
  problem: WaggleError,
  correlationId: string | undefined,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (problem.status === 503 || problem.status === 429) {
    const seconds = problem.retryAfterSeconds || RETRY_AFTER_SECONDS;
    response.setHeader('Retry-After', String(seconds));
  }
  response.writeHead(problem.status, { 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify(problem.toProblem(correlationId)));
}
