/** Owns a valid configuration for tests: their own stores, free ports, quiet logs. */
import { type Config, loadConfig } from '../../config/index.ts';

export interface TestConfigOptions {
  readonly redis?: { readonly url: string; readonly prefix: string } | undefined;
  readonly database?: { readonly url: string } | undefined;
  /** Further variables by their names in docs/configuration.md. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** The environment a test's processes get; pass it to children, or use testConfig in-process. */
export function testEnvironment(options: TestConfigOptions = {}): Record<string, string> {
  return {
    REDIS_URL: options.redis?.url ?? 'redis://127.0.0.1:1',
    DATABASE_URL: options.database?.url ?? 'postgres://nobody@127.0.0.1:1/none',
    WAGGLE_KEY_PREFIX: options.redis?.prefix ?? '',
    WAGGLE_JWT_KEYS: `test:${'t'.repeat(32)}`,
    WAGGLE_SECRETS_KEYS: `test:${Buffer.alloc(32, 't').toString('base64')}`,
    WAGGLE_LOG_LEVEL: 'silent',
    WAGGLE_HOST: '127.0.0.1',
    WAGGLE_API_PORT: '0',
    WAGGLE_GATEWAY_PORT: '0',
    WAGGLE_ADMIN_PORT: '0',
    WAGGLE_DATABASE_POOL_MAX: '3',
    // A test registers everybody from one address.
    WAGGLE_SIGN_UPS_PER_MINUTE: '1000000',
    WAGGLE_ADDRESS_PER_SECOND: '100000',
    WAGGLE_CREDENTIAL_PER_SECOND: '100000',
    WAGGLE_ACCOUNT_PER_SECOND: '100000',
    // And orders everything as one customer.
    WAGGLE_FRAUD_ORDERS_PER_HOUR: '0',
    ...options.env,
  };
}

/** A configuration as loadConfig gives it. */
export function testConfig(options: TestConfigOptions = {}): Config {
  return loadConfig(testEnvironment(options));
}
