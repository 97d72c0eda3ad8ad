/** Carts through the door: priced by the server, refused with the reason, nothing written then. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Answer, type Stack, withStack } from './business-stack.ts';
import { addProduct, CENTRE, type City, expectOk, makeCity, register } from './city.ts';

const scope = sharedScope();

describe('carts', () => {
  let stack: Stack;
  let city: City;
  let soup: string;
  let keys = 0;

  before(async () => {
    stack = await withStack(scope);
    city = await makeCity(stack);
    soup = await addProduct(stack, city, { name: 'Soup', priceMinor: 1_000 });
  });

  const send = (path: string, change: object, token = city.customer): Promise<Answer> =>
    stack.call('POST', path, {
      token,
      headers: path === '/orders' ? { 'idempotency-key': `cart-key-${++keys}` } : {},
      body: {
        ...{ vendor: city.vendor, items: [{ product: soup, quantity: 1 }], dropoff: CENTRE },
        ...change,
      },
    });
  const quote = (change: object): Promise<Answer> => send('/orders/price', change);
  const place = (change: object): Promise<Answer> => send('/orders', change);
  const count = async (): Promise<number> => {
    const page = await stack.call('GET', '/orders?limit=200', { token: city.ops });
    return (expectOk(page).items as unknown[]).length;
  };
  const fieldsOf = ({ body }: Answer): string[] =>
    (body.fields as { field: string }[] | undefined)?.map(({ field }) => field) ?? [];
  const ask = (method: string, path: string, body?: object): Promise<Answer> =>
    stack.call(method, path, { token: city.ops, ...(body === undefined ? {} : { body }) });

  test('a quote adds up, and the order costs the same', async () => {
    const items = [{ product: soup, quantity: 3, note: '<b>hot</b>; DROP TABLE orders' }];
    const change = { items, tipMinor: 200, note: "Robert'); --" };
    const price = expectOk(await quote(change)).price as Record<string, number>;
    assert.deepEqual([price.goodsMinor, price.deliveryFeeMinor, price.tipMinor], [3_000, 250, 200]);
    const placed = expectOk(await place({ ...change, expectedTotalMinor: price.totalMinor }));
    assert.equal(placed.totalMinor, 3_450);
    const path = `/orders/${String(placed.id)}`;
    const order = expectOk(await stack.call('GET', path, { token: city.customer }));
    const [line] = order.items as Record<string, unknown>[];
    assert.deepEqual([line?.note, order.note], [items[0]?.note, change.note]);
    assert.deepEqual(order.price, price);
    const events = expectOk(await stack.call('GET', `${path}/events`, { token: city.customer }));
    const [first] = events.items as Record<string, unknown>[];
    assert.deepEqual([first?.type, first?.actorKind], ['placed', 'customer']);
  });

  test('whatever is wrong is refused with the place of the mistake, and nothing is written', async () => {
    const before_ = await count();
    const other = expectOk(
      await ask('POST', '/vendors', { name: 'Other', place: CENTRE, timeZone: 'Europe/Berlin' }),
    );
    const theirs = await addProduct(
      stack,
      { ...city, vendor: String(other.id) },
      { name: 'Theirs', priceMinor: 100 },
    );
    const address = expectOk(
      await stack.call('POST', '/me/addresses', {
        token: await register(stack, 'customer'),
        headers: { 'idempotency-key': 'address-of-another' },
        body: { label: 'Home', text: 'Somewhere 1', point: CENTRE },
      }),
    );
    const item = (change: object) => ({ items: [{ product: soup, quantity: 1, ...change }] });
    const cases: readonly [change: object, code: string, field: string][] = [
      [item({ product: theirs }), 'request.invalid', '/items/0/product'],
      [item({ product: newId('product') }), 'request.invalid', '/items/0/product'],
      [item({ product: "' OR 1=1 --" }), 'request.invalid', '/items/0/product'],
      [item({ quantity: -1 }), 'request.invalid', '/items/0/quantity'],
      [item({ quantity: 1.5 }), 'request.invalid', '/items/0/quantity'],
      [item({ quantity: 0 }), 'request.invalid', '/items/0/quantity'],
      [item({ quantity: 1e12 }), 'request.invalid', '/items/0/quantity'],
      [item({ unitPriceMinor: 1 }), 'request.invalid', '/items/0/unitPriceMinor'],
      [item({ options: [newId('option')] }), 'request.invalid', '/items/0/options/0'],
      [item({ variant: newId('variant') }), 'request.invalid', '/items/0/variant'],
      [item({ note: 'a\u0000b' }), 'request.invalid', '/items/0/note'],
      [{ items: [] }, 'request.invalid', '/items'],
      [{ expectedTotalMinor: 1 }, 'order.price_changed', '/expectedTotalMinor'],
      [
        item({ expectedUnitPriceMinor: 900 }),
        'order.price_changed',
        '/items/0/expectedUnitPriceMinor',
      ],
      [{ promotion: 'NOPE' }, 'promotion.refused', '/promotion'],
      [{ dropoff: { lat: 53.9, lon: 13.4 } }, 'delivery.too_far', '/dropoff'],
      [{ dropoff: undefined }, 'request.invalid', '/dropoff'],
      [{ address: address.id }, 'request.invalid', '/dropoff'],
      [{ dropoff: undefined, address: address.id }, 'request.invalid', '/address'],
      [{ vendor: newId('vendor') }, 'request.invalid', '/vendor'],
      [{ payment: { kind: 'gold' } }, 'request.invalid', '/payment/kind'],
      [{ scheduledFor: '2020-01-01T00:00:00Z' }, 'request.invalid', '/scheduledFor'],
      [{ tipMinor: -1 }, 'request.invalid', '/tipMinor'],
    ];
    for (const [change, code, field] of cases) {
      for (const answer of [await quote(change), await place(change)]) {
        const said = [answer.body.code, fieldsOf(answer)[0]];
        assert.ok(answer.status === 422 || answer.status === 409, JSON.stringify(answer.body));
        if (field === '/payment/kind') assert.equal(said[0], code);
        else assert.deepEqual(said, [code, field], JSON.stringify([change, answer.body]));
      }
    }
    assert.equal(await count(), before_);
    const metrics = await stack.metrics();
    assert.match(metrics, /waggle_orders_refused_total\{reason="request.invalid:product"[^}]*\} 6/);
    assert.match(metrics, /waggle_orders_refused_total\{reason="order.price_changed"[^}]*\} 4/);
  });

  test('the right total comes with the refusal of a wrong one', async () => {
    const answer = await place({ expectedTotalMinor: 1 });
    const fields = answer.body.fields as { field: string; expected: string }[];
    assert.equal(answer.status, 409);
    const told = new Map(fields.map(({ field, expected }) => [field, expected]));
    assert.equal(told.get('/expectedTotalMinor'), '1250');
    assert.equal(told.get('price.goodsMinor'), '1000');
  });

  test('a vendor that is paused, closed, too far, not approved or sells more at least takes nothing', async () => {
    const path = `/vendors/${city.vendor}`;
    const becomes = (code: string): Promise<Answer> =>
      waitFor(async () => {
        const answer = await quote({});
        return answer.body.code === code ? answer : undefined;
      });
    const opens = (): Promise<unknown> =>
      waitFor(async () => ((await quote({})).status === 200 ? true : undefined));
    expectOk(await ask('PUT', `${path}/pause`, { reason: 'oven on fire' }));
    assert.deepEqual(fieldsOf(await becomes('vendor.paused')), ['/vendor']);
    expectOk(await ask('DELETE', `${path}/pause`));
    await opens();
    expectOk(await ask('PATCH', path, { area: { radiusMeters: 500 } }));
    const far = { dropoff: { lat: CENTRE.lat + 0.01, lon: CENTRE.lon } };
    await waitFor(async () => {
      const answer = await quote(far);
      return answer.body.code === 'vendor.out_of_reach' ? true : undefined;
    });
    expectOk(await ask('PATCH', path, { area: null, minOrderMinor: 5_000 }));
    await becomes('order.below_minimum');
    const day = new Date().toISOString().slice(0, 10);
    const next = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const before_ = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    const closed = [before_, day, next].map((date) => ({ date, openings: [] }));
    expectOk(await ask('PATCH', path, { minOrderMinor: 0, specialDays: closed }));
    await becomes('vendor.closed');
    expectOk(await ask('PATCH', path, { specialDays: [] }));
    await opens();
    const suspended = { state: 'suspended', reason: 'mice' };
    expectOk(await ask('PUT', `${path}/approval`, suspended));
    await becomes('vendor.not_approved');
    expectOk(await ask('PUT', `${path}/approval`, { state: 'approved' }));
    await opens();
  });

  test('a price that has just changed counts at once for who expects it', async () => {
    const bread = await addProduct(stack, city, { name: 'Bread', priceMinor: 300 });
    const items = [{ product: bread, quantity: 1 }];
    expectOk(await quote({ items }));
    expectOk(await ask('PATCH', `/products/${bread}`, { priceMinor: 350 }));
    expectOk(await place({ items, expectedTotalMinor: 600 }));
    const gone = await addProduct(stack, city, { name: 'Gone', priceMinor: 300 });
    expectOk(await stack.call('DELETE', `/products/${gone}`, { token: city.ops }));
    const refused = await place({ items: [{ product: gone, quantity: 1 }] });
    assert.deepEqual(fieldsOf(refused), ['/items/0/product']);
  });

  test('an order for later waits for its time, which the vendor must be open at', async () => {
    const inHours = (hours: number): string =>
      new Date(Date.now() + hours * 3_600_000).toISOString();
    const scheduledFor = inHours(30);
    const placed = expectOk(await place({ scheduledFor }));
    assert.deepEqual([placed.state, placed.scheduledFor], ['scheduled', scheduledFor]);
    const far = inHours(72).slice(0, 10);
    const closed = [{ date: inHours(48).slice(0, 10), until: far, openings: [] }];
    expectOk(await ask('PATCH', `/vendors/${city.vendor}`, { specialDays: closed }));
    const refused = await place({ scheduledFor: inHours(60) });
    assert.equal(refused.body.code, 'vendor.closed');
    assert.equal((await quote({})).status, 200);
    expectOk(await ask('PATCH', `/vendors/${city.vendor}`, { specialDays: [] }));
  });

  test('a key gets its answer again, also when the same could not be ordered any more', async () => {
    const once = await addProduct(stack, city, { name: 'Once', priceMinor: 700 });
    const body = { vendor: city.vendor, items: [{ product: once, quantity: 1 }], dropoff: CENTRE };
    const headers = { 'idempotency-key': 'cart-key-of-once' };
    const send = () => stack.call('POST', '/orders', { token: city.customer, headers, body });
    const first = await send();
    expectOk(await stack.call('DELETE', `/products/${once}`, { token: city.ops }));
    const again = await send();
    assert.deepEqual([first.status, again.status, again.body], [201, 201, first.body]);
  });

  test('taxes and fees are those of the market', async () => {
    const path = `/markets/${city.market}/price-policy`;
    const policy = {
      taxInclusive: false,
      taxes: [{ taxClass: 'standard', perMillion: 88_750 }],
      serviceFeeBasisPoints: 1_000,
      smallOrderBelowMinor: 1_500,
      smallOrderFeeMinor: 199,
    };
    const body = { ...policy, serviceFeeMinMinor: 10, serviceFeeMaxMinor: 5 };
    assert.deepEqual(fieldsOf(await ask('PUT', path, body)), ['/serviceFeeMinMinor']);
    expectOk(await ask('PUT', path, policy));
    const price = expectOk(await quote({})).price as Record<string, number>;
    const { serviceFeeMinor, smallOrderFeeMinor, taxMinor, totalMinor } = price;
    assert.deepEqual([serviceFeeMinor, smallOrderFeeMinor, taxMinor], [100, 199, 89]);
    assert.equal(totalMinor, 1_000 + 250 + 100 + 199 + 89);
    expectOk(await ask('PUT', path, {}));
    const unknown = `/markets/${newId('market')}/price-policy`;
    assert.equal((await ask('PUT', unknown, {})).status, 404);
  });

  test('a saved address says where to and what the driver reads', async () => {
    const body = { label: 'Home', text: 'Long Street 5', point: CENTRE, note: 'Ring twice' };
    const { id } = expectOk(
      await stack.call('POST', '/me/addresses', {
        ...{ token: city.customer, body },
        headers: { 'idempotency-key': 'address-of-mine' },
      }),
    );
    const placed = expectOk(await place({ dropoff: undefined, address: id }));
    const path = `/orders/${String(placed.id)}`;
    const order = expectOk(await stack.call('GET', path, { token: city.customer }));
    assert.equal(order.dropoffNote, 'Long Street 5\nRing twice');
  });
});
