/** Cash: always promised, taken at the door; what is given back is recorded and handed over by people. */
import type { PaymentPort } from './port.ts';

export function createCash(): PaymentPort {
  const done = async (): Promise<{ ok: true }> => ({ ok: true });
  return { authorise: done, capture: done, void: done, refund: done };
}
