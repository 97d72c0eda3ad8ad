/**
 * The PINs of deliveries: derived from a secret of the installation and the delivery's id, so that none
 * is stored, not even as a hash of four digits that anybody could try out.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DeliveryId } from '../../../contracts/ids.ts';
import type { SigningKey } from '../../../platform/auth/tokens.ts';

const DIGITS = 4;

export interface Pins {
  /** The key that new PINs are derived with. */
  readonly kid: string;
  /** Null once the key has been retired: then ops must help. */
  show(delivery: DeliveryId, kid: string): string | null;
  fits(delivery: DeliveryId, kid: string, pin: string): boolean;
}

/** The first key makes new PINs; older ones still know theirs. */
export function createPins(keys: readonly [SigningKey, ...SigningKey[]]): Pins {
  const secrets = new Map(keys.map(({ kid, secret }) => [kid, secret]));
  const show: Pins['show'] = (delivery, kid) => {
    const secret = secrets.get(kid);
    if (secret === undefined) return null;
    const digest = createHmac('sha256', secret).update(`proof pin ${delivery}`).digest();
    return String(digest.readUIntBE(0, 6) % 10 ** DIGITS).padStart(DIGITS, '0');
  };
  return {
    kid: keys[0].kid,
    show,
    fits(delivery, kid, pin) {
      const right = show(delivery, kid);
      if (right === null || pin.length !== right.length) return false;
      return timingSafeEqual(Buffer.from(pin), Buffer.from(right));
    },
  };
}
