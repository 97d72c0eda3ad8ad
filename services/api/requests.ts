/**
 * Puts path, query and body of a request together into the parameters of its action. What came as
 * text in the URL is read as the type its schema names; the action validates the whole.
 */
import type { JsonSchema, Route } from '../../contracts/api/routes.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { type Check, createValidator } from '../../platform/validation.ts';

export interface RawRequest {
  readonly path: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly contentType: string | undefined;
  /** What If-Match names; a body that names another one is believed. */
  readonly version?: number | undefined;
}

export interface RequestReader {
  /** Throws `request.invalid` with pointers, or `request.malformed`. */
  read(route: Route, request: RawRequest): Record<string, unknown>;
}

/** Prepares what the routes need; done once. */
export function createRequestReader(routes: readonly Route[]): RequestReader {
  const validator = createValidator({ coerce: true });
  const checks = new Map<Route, Check<Record<string, unknown>>>(
    routes
      .filter((route) => isRead(route))
      .map((route) => [route, validator.check(route.params as JsonSchema)]),
  );
  return {
    read(route, { path, query, body, contentType, version }) {
      const seen = version === undefined ? {} : { version };
      const check = checks.get(route);
      const whole =
        check === undefined
          ? { ...seen, ...objectOf(body, contentType), ...path }
          : { ...seen, ...query, ...path };
      refuseNul(whole, '');
      return check === undefined ? whole : check(whole);
    },
  };
}

/** U+0000 is the one character of JSON that Postgres keeps in no text. */
function refuseNul(value: unknown, at: string): void {
  if (typeof value === 'string') {
    if (!value.includes('\u0000')) return;
    throw new WaggleError('request.invalid', undefined, [
      { field: at, expected: 'text without the character U+0000' },
    ]);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) refuseNul(inner, `${at}/${name}`);
}

function isRead({ method }: Route): boolean {
  return method === 'GET' || method === 'DELETE';
}

/** A body that is not there counts as empty; anything but an object is refused. */
function objectOf(body: unknown, contentType: string | undefined): object {
  if (contentType !== undefined && !/^application\/(json|[\w.+-]+\+json)\b/i.test(contentType)) {
    throw new WaggleError('request.malformed', 'the body must be application/json');
  }
  if (body === undefined || body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw new WaggleError('request.malformed', 'the body must be a JSON object');
  }
  return body;
}
