/** Quotes reckon from memory alone, refusals say why, and a cart's way costs what its quote says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { VendorTerms } from '../../contracts/api/vendor-terms.ts';
import { defaultDeliveryPrice, deliveryTerms } from '../../contracts/delivery-terms.ts';
import { newId } from '../../contracts/ids.ts';
import { DEFAULT_POLICY, type ZoneEntry } from '../../contracts/zone.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database } from '../../platform/database.ts';
import type { Call } from '../../platform/service.ts';
import { createIntake } from '../../services/deliveries/quotes/intake.ts';
import { type QuotingDeps, quote, zoneIntake } from '../../services/deliveries/quotes/quoting.ts';
import { indexMenu } from '../../services/orders/carts/cart.ts';
import type { Knowledge } from '../../services/orders/carts/knowledge.ts';
import { quoteCart } from '../../services/orders/carts/quoting.ts';

const NOW_MS = 1_800_000_000_000;
const zone: ZoneEntry = {
  ...{ id: newId('zone'), market: newId('market'), name: 'Z', shard: 0, version: 1 },
  ...{ currency: 'EUR', timeZone: 'UTC', polygon: { type: 'Polygon', coordinates: [] } },
  terms: deliveryTerms(DEFAULT_POLICY, { ...defaultDeliveryPrice('EUR'), kmMax: 5 }),
};
const shop: Call = {
  caller: { kind: 'api_key', sub: newId('apiKey'), account: newId('account'), scopes: [] },
  correlationId: 'c',
  address: undefined,
  idempotencyKey: undefined,
  call: () => assert.fail('asks nobody'),
  setStatus() {},
};

/** Controls as the audit has them; counts how often it is asked. */
function auditOf(rows: readonly object[]) {
  const state = { reads: 0, away: false };
  const knex = {
    raw: async () => {
      state.reads++;
      if (state.away) throw new Error('Postgres is away');
      return { rows };
    },
  };
  return { state, database: { knex } as unknown as Database };
}

function depsOf(rows: readonly object[] = []): QuotingDeps & { readonly reads: () => number } {
  const { state, database } = auditOf(rows);
  const door = {
    clock: { zoneMs: () => NOW_MS },
    zoneAt: (lat: number) => (lat > 80 ? undefined : zone),
  } as unknown as Door;
  const quotes = { knex: () => ({ insert: async () => {} }) } as unknown as Database;
  const intake = createIntake(database);
  return { database: quotes, door: async () => door, intake, reads: () => state.reads };
}

const HERE = { lat: 52.52, lon: 13.4 };
const NEAR = { lat: 52.53, lon: 13.4 };

function control(kind: string, value: number, untilMs: number): object {
  return { zone: zone.id, verb: `control.${kind}`, data: { value, untilMs } };
}

describe('a quote', () => {
  it('costs no query but its own row and a look at the controls now and then', async () => {
    const deps = depsOf();
    const asked = { pickup: HERE, dropoff: NEAR, readyAt: new Date(NOW_MS).toISOString() };
    for (let n = 0; n < 100; n++) {
      const told = await quote(deps, asked, shop);
      assert.deepEqual([told.feeMinor, told.currency], [250, 'EUR']);
    }
    assert.equal(deps.reads(), 1);
  });

  it('is refused where nobody drives, too far, and while the zone is paused', async () => {
    const code = (deps: QuotingDeps, pickup: object, dropoff: object): Promise<string> =>
      quote(deps, { pickup, dropoff } as never, shop).then(
        () => 'told',
        (error: { code: string }) => error.code,
      );
    assert.equal(await code(depsOf(), { lat: 85, lon: 0 }, NEAR), 'zone.none_here');
    assert.equal(await code(depsOf(), HERE, { lat: 52.6, lon: 13.4 }), 'delivery.too_far');
    const paused = control('pause_intake', 1, NOW_MS + 1);
    assert.equal(await code(depsOf([paused]), HERE, NEAR), 'zone.intake_paused');
    for (const over of [
      control('pause_intake', 1, NOW_MS),
      control('pause_intake', 0, NOW_MS + 1),
    ]) {
      assert.equal(await code(depsOf([over]), HERE, NEAR), 'told');
    }
  });

  it('stretches with the promises of its zone', async () => {
    const plain = await quote(depsOf(), { pickup: HERE, dropoff: NEAR }, shop);
    const stretched = depsOf([control('stretch_promises', 20, NOW_MS + 1)]);
    const told = await quote(stretched, { pickup: HERE, dropoff: NEAR }, shop);
    const later = Date.parse(told.dropoffEta.to) - Date.parse(plain.dropoffEta.to);
    assert.deepEqual([later, told.dropoffEta.from], [20 * 60_000, plain.dropoffEta.from]);
  });

  it('says that it cannot tell while nothing is known, and goes on with what was', async () => {
    const { state, database } = auditOf([control('pause_intake', 1, NOW_MS + 1)]);
    state.away = true;
    const intake = createIntake(database);
    await assert.rejects(intake.control(zone.id, 'pause_intake', NOW_MS), /away/);
    state.away = false;
  });
});

describe('the delivery fee of a cart', () => {
  const vendor = newId('vendor');
  const soup = newId('product');
  const menu = indexMenu({
    ...{ vendor, currency: 'EUR', timeZone: 'UTC', version: 1, categories: [], optionGroups: [] },
    products: [
      {
        ...{ id: soup, vendor, sku: null, category: null, name: 'Soup', description: '' },
        ...{ priceMinor: 500, taxClass: 'standard', ageMin: null, imageUrl: null, active: true },
        ...{ windows: [], variants: [], optionGroups: [], position: 0, version: 1 },
      },
    ],
  });
  const termsAt = (place: object) =>
    ({
      ...{ vendor, place, approved: true, open: true, paused: false, delivers: true, area: null },
      ...{ opensAtMs: null, closesAtMs: null, throttledUntilMs: null, prepareSeconds: 600 },
      ...{ minOrderMinor: 0, fees: { serviceBasisPoints: null } },
    }) as unknown as VendorTerms;

  /** What a cart for this way is charged, or why it is refused; beside what a quote says. */
  async function both(deps: QuotingDeps, pickup: typeof HERE, dropoff: typeof HERE) {
    const knowledge = {
      terms: async () => termsAt(pickup),
      menu: async () => menu,
      policy: async () => ({ taxes: [], feeTaxClass: null, serviceFeeBasisPoints: 0 }),
      paused: async (id: string, atMs: number) =>
        (await zoneIntake(deps, { zone: id as typeof zone.id, atMs })).paused,
      nowMs: () => 0,
    } as unknown as Knowledge;
    const cart = { vendor, items: [{ product: soup, quantity: 1 }] };
    const asked = { cart, customer: newId('user'), dropoff, at: '', dropoffField: '/dropoff' };
    const codeOf = (error: { code: string }): string => error.code;
    return Promise.all([
      quote(deps, { pickup, dropoff }, shop).then((told) => told.feeMinor, codeOf),
      quoteCart({ ...deps, knowledge }, asked, shop).then(
        ({ price }) => price.deliveryFeeMinor,
        codeOf,
      ),
    ]);
  }

  it('is that of a quote for the same way, and refused where a quote is', async () => {
    const degrees = (min: number, max: number) =>
      fc.integer({ min: min * 1e6, max: max * 1e6 }).map((micro) => micro / 1e6);
    const point = fc.record({ lat: degrees(52.4, 52.5), lon: degrees(13.3, 13.4) });
    const deps = depsOf();
    const seen = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(point, point, async (pickup, dropoff) => {
        const [quoted, charged] = await both(deps, pickup, dropoff);
        assert.equal(charged, quoted);
        seen.add(typeof quoted);
      }),
      { numRuns: 300 },
    );
    assert.deepEqual([...seen].sort(), ['number', 'string'], 'both near and too far were asked');
    const nowhere = await both(deps, { lat: 85, lon: 0 }, NEAR);
    assert.deepEqual(nowhere, ['zone.none_here', 'zone.none_here']);
    const paused = depsOf([control('pause_intake', 1, NOW_MS + 1)]);
    assert.deepEqual(await both(paused, HERE, NEAR), ['zone.intake_paused', 'zone.intake_paused']);
  });
});
