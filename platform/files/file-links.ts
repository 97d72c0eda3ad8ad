/**
 * Signed links to files: who holds one may do the one thing it says until it expires, in wall time. Owns
 * the form and the signature; what a link is given for is the business of the service that makes it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { WaggleError } from '../../contracts/errors.ts';
import type { SigningKey } from '../auth/tokens.ts';

/** Life of links, wall ms: an upload over a bad line takes long, a look is now. */
export const UPLOAD_LINK_MS = 900_000;
export const READ_LINK_MS = 300_000;
const LINK_LENGTH_MAX = 2_048;

export type FileLink =
  | {
      readonly may: 'put';
      readonly file: string;
      readonly contentType: string;
      readonly bytesMax: number;
      /** The action that is told of the upload, and which of its things the file belongs to. */
      readonly tell: string;
      readonly id: string;
    }
  | { readonly may: 'get'; readonly file: string; readonly contentType: string };

export interface FileLinks {
  /** A whole URL, and when it expires (wall ms). */
  sign(link: FileLink, ttlMs: number): { readonly url: string; readonly expiresMs: number };
  /** Throws `auth.invalid` or `auth.expired`. */
  verify(token: string): FileLink;
}

/** `keys`: the first signs, all verify. `publicUrl`: how the API is reached from outside. */
export function createFileLinks(
  keys: readonly [SigningKey, ...SigningKey[]],
  publicUrl: string,
): FileLinks {
  const secrets = new Map(keys.map(({ kid, secret }) => [kid, secret]));
  const [signer] = keys;
  return {
    sign(link, ttlMs) {
      const expiresMs = Date.now() + ttlMs;
      const body = Buffer.from(JSON.stringify({ ...link, expiresMs, kid: signer.kid }));
      const text = body.toString('base64url');
      const token = `${text}.${signatureOf(signer.secret, text).toString('base64url')}`;
      return { url: `${publicUrl}/files/${token}`, expiresMs };
    },
    verify(token) {
      if (token.length > LINK_LENGTH_MAX) throw new WaggleError('auth.invalid');
      const [text = '', given = ''] = token.split('.');
      const payload = read(text);
      const secret = secrets.get(payload.kid);
      if (secret === undefined) throw new WaggleError('auth.invalid');
      const right = signatureOf(secret, text);
      const signature = Buffer.from(given, 'base64url');
      if (signature.length !== right.length || !timingSafeEqual(signature, right)) {
        throw new WaggleError('auth.invalid');
      }
      if (payload.expiresMs <= Date.now()) throw new WaggleError('auth.expired');
      return payload;
    },
  };
}

/** Of a context of its own: a signature of a link is nothing else, and nothing else is one. */
function signatureOf(secret: string, text: string): Buffer {
  return createHmac('sha256', secret).update(`waggle file link\n${text}`).digest();
}

function read(text: string): FileLink & { readonly expiresMs: number; readonly kid: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof value !== 'object' || value === null) throw new WaggleError('auth.invalid');
    return value as FileLink & { expiresMs: number; kid: string };
  } catch {
    throw new WaggleError('auth.invalid');
  }
}
