import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError, loadConfig } from '../../config/index.ts';
import { configurationPage } from '../../config/page.ts';
import { schema } from '../../config/schema.ts';

const secret = 'a'.repeat(32);
const sealing = Buffer.alloc(32, 'a').toString('base64');
const minimal = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  DATABASE_URL: 'postgres://waggle@127.0.0.1/waggle',
  WAGGLE_JWT_KEYS: `k1:${secret}`,
  WAGGLE_SECRETS_KEYS: `k1:${sealing}`,
};

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map((problem) => problem.variable);
  }
}

describe('configuration', () => {
  it('needs only the two stores, a signing key and a sealing key', () => {
    const config = loadConfig(minimal);
    assert.equal(config.api.port, 3000);
    assert.equal(config.dispatch.shards, 32);
    assert.equal(config.database.orders.url, minimal.DATABASE_URL);
    assert.deepEqual(config.auth.keys, [{ kid: 'k1', secret }]);
  });

  it('reports all problems together, each naming its variable', () => {
    const problems = problemsOf({
      REDIS_URL: 'http://wrong',
      WAGGLE_API_PORT: '70000',
      WAGGLE_SPEED: 'fast',
      WAGGLE_LOG_LEVEL: 'loud',
      WAGGLE_JWT_KEYS: 'k1:short',
      WAGGLE_APIPORT: '3000',
    });
    assert.deepEqual(
      [...problems].sort(),
      [
        'DATABASE_URL',
        'REDIS_URL',
        'WAGGLE_APIPORT',
        'WAGGLE_API_PORT',
        'WAGGLE_JWT_KEYS',
        'WAGGLE_LOG_LEVEL',
        'WAGGLE_SECRETS_KEYS',
        'WAGGLE_SPEED',
      ].sort(),
    );
  });

  it('never repeats a secret in a problem', () => {
    const env = { ...minimal, WAGGLE_JWT_KEYS: 'k1:hunter2', REDIS_URL: 'redes://:hunter2@x' };
    assert.throws(
      () => loadConfig(env),
      (error: Error) => !error.message.includes('hunter2'),
    );
  });

  it('lets every service have a database of its own', () => {
    const own = 'postgresql://orders@db/orders';
    const config = loadConfig({ ...minimal, ORDERS_DATABASE_URL: own });
    assert.equal(config.database.orders.url, own);
    assert.equal(config.database.users.url, minimal.DATABASE_URL);
  });

  it('verifies with old keys and signs with the first', () => {
    const config = loadConfig({ ...minimal, WAGGLE_JWT_KEYS: `new:${secret},old:${secret}` });
    assert.deepEqual(
      config.auth.keys.map((key) => key.kid),
      ['new', 'old'],
    );
    assert.deepEqual(problemsOf({ ...minimal, WAGGLE_JWT_KEYS: `k:${secret},k:${secret}` }), [
      'WAGGLE_JWT_KEYS',
    ]);
  });

  it('opens secrets with old keys and seals with the first', () => {
    const keysOf = (text: string) => ({ ...minimal, WAGGLE_SECRETS_KEYS: text });
    const config = loadConfig(keysOf(`new:${sealing},old:${sealing}`));
    assert.deepEqual(
      config.secrets.keys.map((key) => key.kid),
      ['new', 'old'],
    );
    for (const wrong of [`k:${sealing},k:${sealing}`, `k:${sealing.slice(4)}`, `k:${secret}`]) {
      assert.deepEqual(problemsOf(keysOf(wrong)), ['WAGGLE_SECRETS_KEYS']);
    }
  });

  it('asks for both halves of the operator', () => {
    assert.deepEqual(problemsOf({ ...minimal, WAGGLE_OPERATOR_EMAIL: 'ops@example.org' }), [
      'WAGGLE_OPERATOR_PASSWORD',
    ]);
  });

  it('asks nobody for road times unless told whom, and then for what that one needs', () => {
    assert.equal(loadConfig(minimal).dispatch.routes, undefined);
    const osrm = { ...minimal, WAGGLE_ROUTES_SOURCE: 'osrm' };
    assert.deepEqual(problemsOf(osrm), ['WAGGLE_ROUTES_URL']);
    const google = { ...minimal, WAGGLE_ROUTES_SOURCE: 'google' };
    assert.deepEqual(problemsOf(google), ['WAGGLE_ROUTES_KEY']);
    const url = 'http://roads.internal/{profile}';
    const set = { WAGGLE_ROUTES_URL: url, WAGGLE_ROUTES_PROFILES: 'car:driving,foot:walk' };
    const { routes } = loadConfig({ ...osrm, ...set }).dispatch;
    assert.equal(routes?.url, url);
    assert.deepEqual(routes?.profiles, { car: 'driving', foot: 'walk' });
    const keyed = loadConfig({ ...google, WAGGLE_ROUTES_KEY: 'k' }).dispatch.routes;
    assert.equal(keyed?.url, 'https://routes.googleapis.com');
    assert.equal(keyed?.traffic, true);
  });

  it('refuses road sources with a password in the URL, or names of no vehicle', () => {
    const osrm = { ...minimal, WAGGLE_ROUTES_SOURCE: 'osrm' };
    const url = 'http://roads';
    const withPassword = { ...osrm, WAGGLE_ROUTES_URL: 'http://me:hunter2@roads' };
    assert.deepEqual(problemsOf(withPassword), ['WAGGLE_ROUTES_URL']);
    assert.throws(
      () => loadConfig(withPassword),
      (error: Error) => !error.message.includes('hunter2'),
    );
    for (const profiles of ['rocket:car', 'car', 'car:', 'car:a b', 'car:../x']) {
      const env = { ...osrm, WAGGLE_ROUTES_URL: url, WAGGLE_ROUTES_PROFILES: profiles };
      assert.deepEqual(problemsOf(env), ['WAGGLE_ROUTES_PROFILES'], profiles);
    }
  });

  it('gives an object that cannot be changed at any depth', () => {
    const config = loadConfig(minimal);
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      assert.ok(Object.isFrozen(value));
      Object.values(value).forEach(walk);
    };
    walk(config);
  });

  it('accepts exactly the whole numbers within the bounds of a variable', () => {
    const { min, max } = schema.WAGGLE_SHARDS;
    fc.assert(
      fc.property(fc.integer({ min: min - 1_000, max: max + 1_000 }), (value) => {
        const problems = problemsOf({ ...minimal, WAGGLE_SHARDS: String(value) });
        assert.equal(problems.length === 0, value >= min && value <= max);
      }),
    );
  });

  it('never fails but with a ConfigError, whatever the text', () => {
    const names = Object.keys(schema);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string(), (name, text) => {
        problemsOf({ ...minimal, [name]: text });
      }),
    );
  });

  it('is described by the page in docs', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
    assert.equal(page, configurationPage(), 'run: node config/write-page.ts');
  });
});
