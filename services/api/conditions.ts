/**
 * Conditional requests. An ETag is a strong hash of the body, with the resource's `version` before it
 * where it has one: `If-None-Match` compares the whole, `If-Match` hands the version to the service,
 * which compares it in the transaction of the change; there is no look before the write.
 */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from '../../contracts/api/routes.ts';
import { WaggleError } from '../../contracts/errors.ts';

const HASH_CHARS = 22;
const MATCH = /^"(\d{1,15})-[\w-]{1,64}"$/;

/** The ETag of an answer as it will be sent. */
export function etagOf(data: object): string {
  const hash = createHash('sha256').update(JSON.stringify(data)).digest('base64url');
  const { version } = data as { readonly version?: unknown };
  const tag = hash.slice(0, HASH_CHARS);
  return typeof version === 'number' ? `"${version}-${tag}"` : `"${tag}"`;
}

/**
 * Whether If-None-Match names the ETag. A `Cache-Control: no-cache` beside it is for caches on the way
 * (browsers' fetch sends it); we are where the answer comes from.
 */
export function isKnown(etag: string, headers: IncomingHttpHeaders): boolean {
  const given = headers['if-none-match'];
  if (given === undefined) return false;
  return given.split(',').some((each) => ['*', etag, `W/${etag}`].includes(each.trim()));
}

/** Whether a route can be told which version its caller has seen. */
export function takesVersion(route: Route): boolean {
  const properties = (route.params.properties ?? {}) as Record<string, unknown>;
  return route.method !== 'GET' && 'version' in properties;
}

/**
 * The version an If-Match names; undefined without the header. Throws `request.invalid` where it
 * cannot be kept: a condition that is not looked at would be worse than none.
 */
export function versionWanted(route: Route, headers: IncomingHttpHeaders): number | undefined {
  const given = headers['if-match'];
  if (given === undefined || route.method === 'GET') return undefined;
  const [, version] = MATCH.exec(given) ?? [];
  if (!takesVersion(route) || version === undefined) {
    const expected = takesVersion(route)
      ? 'one ETag of this resource'
      : 'no condition: this cannot be changed on a condition';
    throw new WaggleError('request.invalid', undefined, [{ field: 'If-Match', expected }]);
  }
  return Number(version);
}
