/** Owns a Waggle of its own for a test: chosen services in this process, on the test's own stores. */
import { type Config, databaseServices } from '../../config/index.ts';
import { findFreePort } from '../../launch/ports.ts';
import type { Caller } from '../../platform/service.ts';
import { startNode } from '../../services/main.ts';
import { testConfig } from '../support/config.ts';
import { withDatabase } from '../support/database.ts';
import { withFolder } from '../support/folder.ts';
import { withRedis } from '../support/redis.ts';
import { cleanUpInReverse, type Scope } from '../support/scope.ts';

export const OPERATOR = { email: 'ops@example.com', password: 'correct horse battery' } as const;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests read answers the way a client without our types would.
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface Stack {
  readonly config: Config;
  readonly url: string;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Calls an action as another part of Waggle does; no door opens this way. */
  system<R>(action: string, params: object): Promise<R>;
  /** Figures of the process, as Prometheus reads them. */
  metrics(): Promise<string>;
  /** Calls an action in this very process as whoever is named. */
  act<R>(caller: Caller, action: string, params: object): Promise<R>;
  /** Access token of the first operator. */
  operator(): Promise<string>;
}

/** Every service with tables, but the archive, which only records. */
export const BUSINESS = databaseServices.filter((service) => service !== 'archive');

/** Starts services as one node, and stops them when the test ends. */
export async function withStack(
  scope: Scope,
  services: readonly string[] = [...BUSINESS, 'api'],
  env: Readonly<Record<string, string>> = {},
): Promise<Stack> {
  const redis = await withRedis(scope);
  const database = await withDatabase(scope);
  const port = await findFreePort();
  const filesDir = withFolder(scope);
  const config = testConfig({
    redis,
    database,
    env: {
      WAGGLE_API_PORT: String(port),
      WAGGLE_PUBLIC_API_URL: `http://127.0.0.1:${port}`,
      WAGGLE_OPERATOR_EMAIL: OPERATOR.email,
      WAGGLE_OPERATOR_PASSWORD: OPERATOR.password,
      WAGGLE_SHARDS: '2',
      WAGGLE_FILES_DIR: filesDir,
      // Without an engine nobody opens a zone.
      ...(services.includes('dispatch') ? {} : { WAGGLE_ZONE_OPEN_WAIT_MS: '0' }),
      ...env,
    },
  });
  const node = await startNode(config, { node: 'test-node', services });
  cleanUpInReverse(scope, () => node.stop());
  const url = config.api.publicUrl;
  const call = async (
    method: string,
    path: string,
    { token, body, headers = {} }: CallOptions = {},
  ): Promise<Answer> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, headers: response.headers, body: parsed };
  };
  const act = <R>(caller: Caller, action: string, params: object): Promise<R> =>
    node.broker.call(action, params, { meta: { caller } });
  return {
    config,
    url,
    call,
    system: (action, params) => act({ kind: 'system' }, action, params),
    act,
    metrics: async () => (await fetch(`http://127.0.0.1:${node.adminPort}/metrics`)).text(),
    async operator() {
      const { status, body } = await call('POST', '/auth/login', { body: OPERATOR });
      if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
      return (body.tokens as { accessToken: string }).accessToken;
    },
  };
}
