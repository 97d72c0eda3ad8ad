/** Shadow mode through the real door: set and cleared by ops, tried by a node beside its live zone. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AuditList } from '../../contracts/api/zones.ts';
import { newId } from '../../contracts/ids.ts';
import type { ZoneShadow } from '../../contracts/shadow.ts';
import { DEFAULT_WEIGHTS } from '../../contracts/zone.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, type Stack, withStack } from './business-stack.ts';
import { type City, expectOk, makeCity, placeOrder } from './city.ts';

async function start(t: TestContext): Promise<{ stack: Stack; city: City; path: string }> {
  const stack = await withStack(t, [...BUSINESS, 'dispatch', 'api'], { WAGGLE_SPEED: '20' });
  const city = await makeCity(stack);
  return { stack, city, path: `/zones/${city.zone}/shadow` };
}

test('ops set a shadow, see it tried, and take it away again; all of it is audited', async (t) => {
  const { stack, city, path } = await start(t);
  const token = city.ops;
  const put = (body: object) => stack.call('PUT', path, { token, body });
  const empty = expectOk(await stack.call('GET', path, { token }));
  assert.deepEqual([empty.setting, empty.report, empty.open], [null, null, true]);

  const body = { weights: { latePerMille: 900 }, policy: { stackMax: 2 }, reason: 'try it' };
  const set = expectOk(await put(body));
  const { since, ...setting } = set.setting as Record<string, unknown>;
  assert.ok(Number.isFinite(Date.parse(String(since))));
  assert.deepEqual(
    [set.open, setting],
    [
      true,
      {
        version: 2,
        weights: { ...DEFAULT_WEIGHTS, latePerMille: 900, version: 2 },
        policy: { stackMax: 2 },
      },
    ],
  );
  assert.deepEqual((expectOk(await put(body)).setting as { version: number }).version, 2);
  const zone = expectOk(await stack.call('GET', `/zones/${city.zone}`, { token }));
  assert.deepEqual([zone.version, zone.weights], [2, DEFAULT_WEIGHTS], 'the zone itself stays');

  expectOk(await placeOrder(stack, city, 'order-one'));
  // On a busy machine a thread of the lowest priority may have to wait.
  const patience = { timeoutMs: 120_000 };
  const report = await waitFor(async () => {
    const view = expectOk(await stack.call('GET', path, { token }));
    const found = view.report as Record<string, unknown> | null;
    const lag = (found?.following as { lagRecords: number } | undefined)?.lagRecords;
    return lag === 0 ? found : undefined;
  }, patience);
  assert.deepEqual(
    [(report.versions as { live: number }).live, (report.versions as { shadow: number }).shadow],
    [1, 2],
  );

  const gone = expectOk(await stack.call('DELETE', `${path}?reason=enough`, { token }));
  assert.deepEqual([gone.setting, gone.report], [null, null]);
  assert.equal(
    expectOk(await stack.call('DELETE', `${path}?reason=again`, { token })).setting,
    null,
  );
  const changes = await waitFor(async () => {
    const answer = await stack.call('GET', `/ops/audit?zone=${city.zone}`, { token });
    const items = expectOk(answer).items as AuditList['items'];
    const found = items.filter(({ verb }) => verb === 'zone.configured');
    return found.length === 2 ? found : undefined;
  });
  const { id: me } = expectOk(await stack.call('GET', '/me', { token }));
  assert.deepEqual(
    changes.map(({ actor, reason, data }) => [actor, reason, (data.shadow as ZoneShadow)?.version]),
    [
      [me, 'enough', undefined],
      [me, 'try it', 2],
    ],
  );
});

test('a shadow by others, out of range, or of an unknown zone is refused with the field', async (t) => {
  const stack = await withStack(t, ['users', 'vendors', 'zones', 'api']);
  const city = await makeCity(stack);
  const path = `/zones/${city.zone}/shadow`;
  const put = (body: object, token = city.ops) => stack.call('PUT', path, { token, body });
  const fieldsOf = async (body: object): Promise<unknown> => {
    const answer = await put({ reason: 'r', ...body });
    assert.equal(answer.status, 422);
    return (answer.body.fields as { field: string }[]).map(({ field }) => field);
  };
  assert.deepEqual(await fieldsOf({ weights: { latePerMille: -1 } }), ['/weights/latePerMille']);
  assert.deepEqual(await fieldsOf({ weights: { travelPerMille: 1.5 } }), [
    '/weights/travelPerMille',
  ]);
  assert.deepEqual(await fieldsOf({ weights: {}, policy: { detourMsMax: -5 } }), [
    '/policy/detourMsMax',
  ]);
  assert.deepEqual(await fieldsOf({ weights: {}, policy: { autoAssign: true } }), [
    '/policy/autoAssign',
  ]);
  const huge = await fetch(`${stack.url}/api/v1${path}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${city.ops}`, 'content-type': 'application/json' },
    body: '{"reason":"r","weights":{"delayPerMille":1e999}}',
  });
  assert.equal(huge.status, 422);
  const problem = (await huge.json()) as { fields: { field: string }[] };
  assert.deepEqual(
    problem.fields.map(({ field }) => field),
    ['/weights/delayPerMille'],
  );
  const body = { weights: { latePerMille: 1 }, reason: 'r' };
  const unknown = `/zones/${newId('zone')}/shadow`;
  const answers = [
    await put(body, city.customer),
    await stack.call('GET', path, { token: city.customer }),
    await stack.call('DELETE', path, { token: city.ops }),
    await stack.call('GET', unknown, { token: city.ops }),
    await stack.call('PUT', unknown, { token: city.ops, body }),
    // No engine runs here, so the opening of the zone is not confirmed yet.
    await put(body),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [403, 403, 422, 404, 404, 409],
  );
});
