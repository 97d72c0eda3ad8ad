/** Opaque secrets (refresh tokens, API keys): random at birth, stored only as a hash. */
import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;
export const API_KEY_PREFIX = 'wgl_';

/** 256 random bits as text. */
export function newSecret(prefix = ''): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url');
}

/** What is stored. A plain hash is enough: the secret has full entropy, unlike a password. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
