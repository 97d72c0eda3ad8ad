/**
 * The registered close codes. A code is an instruction: its range alone tells a client what to do,
 * so that an old app obeys a code it has never heard of.
 *
 * 4000–4099 reconnect (with jitter) · 4100–4199 back off, then reconnect · 4200–4299 get a fresh
 * token, then reconnect · 4300–4399 stop · 4400–4499 stop and update the app.
 */
export const CLOSE_CODES = {
  /** The gateway is going away; a DRAIN with a delay came before. */
  draining: 4000,
  /** The socket did not take its bytes in time; everything is sent anew after a reconnect. */
  slow_consumer: 4001,
  /** No HELLO within the time for it. */
  hello_timeout: 4002,
  /** This gateway holds as many sockets as it may. */
  overloaded: 4100,
  /** More messages than the limits in WELCOME allow. */
  rate_limited: 4101,
  /** A needed part of Waggle is away. */
  unavailable: 4102,
  /** A frame that cannot be read: truncated, of an unknown type, not JSON. */
  malformed: 4103,
  /** A frame larger than the limit in WELCOME. */
  too_large: 4104,
  token_expired: 4200,
  token_invalid: 4300,
  /** The token is good, but not for this. */
  forbidden: 4301,
  /** A newer session of the same driver exists. */
  superseded: 4302,
  /** The app is too old for this gateway, or does not speak the subprotocol. */
  update_app: 4400,
} as const;

export type CloseName = keyof typeof CLOSE_CODES;
export type CloseInstruction = 'reconnect' | 'back_off' | 'renew_token' | 'stop' | 'update_app';

/** What a client does after a close with this code. Codes of networks and proxies: reconnect. */
export function closeInstruction(code: number): CloseInstruction {
  if (code >= 4100 && code < 4200) return 'back_off';
  if (code >= 4200 && code < 4300) return 'renew_token';
  if (code >= 4300 && code < 4400) return 'stop';
  if (code >= 4400 && code < 4500) return 'update_app';
  return 'reconnect';
}

/** The registered name of a code, for logs; `other` when it is not ours. */
export function closeName(code: number): CloseName | 'other' {
  for (const [name, value] of Object.entries(CLOSE_CODES)) {
    if (value === code) return name as CloseName;
  }
  return 'other';
}
