import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Route } from '../../contracts/api/routes.ts';
import { etagOf, versionWanted } from '../../services/api/conditions.ts';

const versioned = {
  method: 'PATCH',
  params: { properties: { version: { type: 'integer' } } },
} as unknown as Route;
const plain = { method: 'PATCH', params: { properties: {} } } as unknown as Route;

describe('conditional requests', () => {
  test('an ETag changes with the body and carries the version where there is one', () => {
    assert.match(etagOf({ version: 7, name: 'a' }), /^"7-[\w-]{22}"$/);
    assert.notEqual(etagOf({ version: 7, name: 'a' }), etagOf({ version: 7, name: 'b' }));
    assert.match(etagOf({ name: 'a' }), /^"[\w-]{22}"$/);
  });

  test('If-Match names the version that was seen', () => {
    const tag = etagOf({ version: 12 });
    assert.equal(versionWanted(versioned, { 'if-match': tag }), 12);
    assert.equal(versionWanted(versioned, {}), undefined);
  });

  test('a condition that cannot be kept is refused, not passed over', () => {
    const code = { code: 'request.invalid' };
    assert.throws(() => versionWanted(plain, { 'if-match': etagOf({ version: 1 }) }), code);
    for (const bad of ['*', 'W/"1-abc"', '"abc"', '"1-a", "2-b"', '"99999999999999999-a"']) {
      assert.throws(() => versionWanted(versioned, { 'if-match': bad }), code, bad);
    }
  });
});
