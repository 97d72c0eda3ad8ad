/**
 * Seals secrets that must be read again (those of webhooks sign what is sent), so that a copy of the
 * database alone opens none: AES-256-GCM under a key of the installation, which is not in there. What
 * need not be read again is hashed instead (`auth/secrets.ts`).
 *
 * Text: `enc1.<kid>.<base64url of nonce, sealed bytes and tag>`. The first key seals, all open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const VERSION = 'enc1';
const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface SealingKey {
  readonly kid: string;
  /** 32 bytes in base64. */
  readonly secret: string;
}

export interface SecretBox {
  /** What every text begins with that is sealed with the first key. */
  readonly prefix: string;
  /** `place` says where it is kept (a row, say): moved elsewhere it cannot be opened. */
  seal(plain: string, place: string): string;
  /** Throws when its key is not here, or it was changed. What never was sealed comes back as it is. */
  open(text: string, place: string): string;
}

export function createSecretBox(keys: readonly [SealingKey, ...SealingKey[]]): SecretBox {
  const opening = new Map(keys.map(({ kid, secret }) => [kid, keyOf(secret)]));
  const [{ kid: sealer, secret }] = keys;
  const sealing = keyOf(secret);
  const prefix = `${VERSION}.${sealer}.`;
  return {
    prefix,
    seal(plain, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, sealing, nonce);
      cipher.setAAD(Buffer.from(place));
      const bytes = [nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return prefix + Buffer.concat(bytes).toString('base64url');
    },
    open(text, place) {
      const [version, kid = '', body = ''] = text.split('.');
      if (version !== VERSION) return text;
      const key = opening.get(kid);
      if (key === undefined) throw new Error(`no key ${kid} to open a secret with`);
      const bytes = Buffer.from(body, 'base64url');
      const tagAt = bytes.length - TAG_BYTES;
      if (tagAt < NONCE_BYTES) throw new Error('a sealed secret is cut short');
      const cipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      cipher.setAAD(Buffer.from(place));
      cipher.setAuthTag(bytes.subarray(tagAt));
      const plain = cipher.update(bytes.subarray(NONCE_BYTES, tagAt));
      return Buffer.concat([plain, cipher.final()]).toString('utf8');
    },
  };
}

function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret, 'base64');
  if (key.length !== KEY_BYTES) throw new Error(`a sealing key has ${KEY_BYTES} bytes`);
  return key;
}
