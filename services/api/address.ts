/** Where a request comes from. Believes a header only as far as our own proxies wrote it. */
import type { IncomingMessage } from 'node:http';

/** Longer than any address; what claims to be one and is not must not fill tables of limits. */
const ADDRESS_CHARS_MAX = 45;

/**
 * The network address of the caller. Each of `hops` proxies appends whom it heard from to
 * X-Forwarded-For, so the caller is `hops` from the right; what stands left of that anybody may write.
 */
export function addressOf(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  hops: number,
): string {
  const nearest = request.socket.remoteAddress ?? 'unknown';
  if (hops === 0) return nearest;
  const header = request.headers['x-forwarded-for'];
  const chain = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return (chain.at(-hops) ?? chain[0] ?? nearest).slice(0, ADDRESS_CHARS_MAX);
}
