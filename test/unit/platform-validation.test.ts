import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROUTES } from '../../contracts/api/routes.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { createValidator } from '../../platform/validation.ts';
import { openApi } from '../../services/api/open-api.ts';
import { createRequestReader } from '../../services/api/requests.ts';

const listDeliveries = ROUTES.find(({ action }) => action === 'deliveries.list');

describe('validation', () => {
  test('every schema of the route table compiles strictly', () => {
    const validator = createValidator();
    for (const route of ROUTES) {
      for (const schema of [route.params, route.result]) {
        if (schema === undefined) continue;
        // A schema is compiled at its first use; one that does not compile throws another error.
        const refusal = { name: 'WaggleError', code: 'request.invalid' };
        assert.throws(() => validator.check(schema)(null), refusal, route.path);
      }
    }
  });

  test('text of a query becomes the type its schema names, and nothing else does', () => {
    const reader = createRequestReader(ROUTES);
    assert.ok(listDeliveries);
    const request = { path: {}, body: undefined, contentType: undefined };
    const read = reader.read(listDeliveries, { ...request, query: { limit: '7', open: 'true' } });
    assert.deepEqual([read.limit, read.open], [7, true]);
    assert.throws(
      () => reader.read(listDeliveries, { ...request, query: { limit: 'many' } }),
      (error: unknown) => error instanceof WaggleError && error.fields[0]?.field === '/limit',
    );
  });

  test('a path parameter is never overruled by the body', () => {
    const reader = createRequestReader(ROUTES);
    const cancel = ROUTES.find(({ action }) => action === 'deliveries.cancel');
    assert.ok(cancel);
    const read = reader.read(cancel, {
      path: { id: 'mine' },
      query: {},
      body: { id: 'yours' },
      contentType: 'application/json',
    });
    assert.equal(read.id, 'mine');
  });

  test('every reference of the OpenAPI document points at a component', () => {
    const text = JSON.stringify(openApi(ROUTES, 'http://localhost'));
    const { components } = JSON.parse(text) as { components: { schemas: object } };
    const names = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(
      ([, name]) => name ?? '',
    );
    assert.ok(names.length > 50);
    for (const name of names) assert.ok(name in components.schemas, name);
  });

  test('operation ids and paths with methods are unique', () => {
    const ids = ROUTES.map(({ action }) => action);
    assert.equal(new Set(ids).size, ids.length);
    const doors = ROUTES.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`);
    assert.equal(new Set(doors).size, doors.length);
  });
});
