/** Variables of the public door: who may come, from where, how often. */
import type { Variable } from './variable.ts';

export interface DoorConfig {
  /** Proxies in front whose X-Forwarded-For is believed; 0: none, the socket's address counts. */
  readonly proxyHops: number;
  /** Registrations per network address and minute. */
  readonly signUpsPerMinute: number;
  /** Requests per second, as the mean of a window: of one credential, one account, one address. */
  readonly credentialPerSecond: number;
  readonly accountPerSecond: number;
  readonly addressPerSecond: number;
  /** Origins of pages that browsers may let call; `*`: any. */
  readonly corsOrigins: readonly string[];
}

export const doorVariables = {
  WAGGLE_PROXY_HOPS: {
    kind: 'integer',
    min: 0,
    max: 10,
    default: 0,
    description:
      'Proxies in front of the API that append to X-Forwarded-For; 0: callers connect directly.',
  },
  WAGGLE_SIGN_UPS_PER_MINUTE: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 30,
    description: 'Registrations of people from one network address per minute.',
  },
  WAGGLE_CREDENTIAL_PER_SECOND: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 500,
    description: 'Requests per second of one person or API key, counted over ten seconds.',
  },
  WAGGLE_ACCOUNT_PER_SECOND: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 1_000,
    description: 'Requests per second of all people and keys of one account of a vendor or shop.',
  },
  WAGGLE_ADDRESS_PER_SECOND: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 200,
    description: 'Requests per second of one network address without, or with wrong, credentials.',
  },
  WAGGLE_CORS_ORIGINS: {
    kind: 'text',
    pattern: /^(\*|https?:\/\/[^\s,/]+(,https?:\/\/[^\s,/]+){0,31})$/,
    expected: '`*`, or origins such as https://shop.example joined by commas',
    default: '*',
    description: 'Origins whose pages browsers may let call the API; it knows no cookies.',
  },
} as const satisfies Record<string, Variable>;

/** `values` gives what was read, by name. */
export function doorOf(values: ReadonlyMap<string, unknown>): DoorConfig {
  return {
    proxyHops: values.get('WAGGLE_PROXY_HOPS') as number,
    signUpsPerMinute: values.get('WAGGLE_SIGN_UPS_PER_MINUTE') as number,
    credentialPerSecond: values.get('WAGGLE_CREDENTIAL_PER_SECOND') as number,
    accountPerSecond: values.get('WAGGLE_ACCOUNT_PER_SECOND') as number,
    addressPerSecond: values.get('WAGGLE_ADDRESS_PER_SECOND') as number,
    corsOrigins: (values.get('WAGGLE_CORS_ORIGINS') as string).split(','),
  };
}
