import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { newId, type OrderId, type ProductId, type VariantId } from '../../contracts/ids.ts';
import type { StockLine } from '../../contracts/messages/inventory.ts';
import { type Asked, Ledger, levelOf, type StockRecord } from '../../services/inventory/ledger.ts';

const VENDOR = newId('vendor');
const PRODUCTS = [newId('product'), newId('product'), newId('product')];
const VARIANT = newId('variant');
const ORDERS = [newId('order'), newId('order'), newId('order'), newId('order')];

function record(
  product: ProductId,
  available: number,
  change: Partial<StockRecord> = {},
): StockRecord {
  const low_mark = 2;
  const level = levelOf(available, low_mark);
  const counts = { available, reserved: 0, low_mark, level, version: 1 };
  return { product, variant: '', vendor: VENDOR, ...counts, ...change };
}

function reserve(order: OrderId, lines: readonly StockLine[]): Asked {
  return { type: 'stock.reserve', order, vendor: VENDOR, lines, expiresMs: 1_000 };
}

function line(product: ProductId, quantity: number, variant: VariantId | null = null): StockLine {
  return { product, variant, quantity };
}

const [FIRST, SECOND, UNCOUNTED] = PRODUCTS as [ProductId, ProductId, ProductId];
const [ORDER, OTHER] = ORDERS as [OrderId, OrderId];

function left(ledger: Ledger): number[][] {
  return [...ledger.stock.values()].map(({ available, reserved }) => [available, reserved]);
}

describe('a ledger of stock', () => {
  it('takes a variant from its own record, else from that of its product', () => {
    const own = record(FIRST, 5, { variant: VARIANT });
    const ledger = new Ledger([record(FIRST, 5), own, record(SECOND, 5)], []);
    const lines = [line(FIRST, 1), line(FIRST, 2, VARIANT), line(SECOND, 3, VARIANT)];
    ledger.take(reserve(ORDER, [...lines, line(UNCOUNTED, 900)]));
    assert.deepEqual(left(ledger), [
      [4, 1],
      [3, 2],
      [2, 3],
    ]);
  });

  it('adds up lines of one record before it says whether they are there', () => {
    const ledger = new Ledger([record(FIRST, 3)], []);
    const answer = ledger.take(reserve(ORDER, [line(FIRST, 2), line(FIRST, 2, VARIANT)]));
    assert.deepEqual(answer, {
      type: 'stock.refused',
      order: ORDER,
      shortages: [{ product: FIRST, variant: null, wanted: 4, left: 3 }],
    });
    assert.deepEqual(left(ledger), [[3, 0]]);
  });

  it('takes nothing for quantities that are none', () => {
    const ledger = new Ledger([record(FIRST, 3)], []);
    for (const [n, quantity] of [0, -2, 0.5, Number.NaN].entries()) {
      const order = ORDERS[n] as OrderId;
      assert.equal(ledger.take(reserve(order, [line(FIRST, quantity)]))?.type, 'stock.refused');
    }
    assert.deepEqual(left(ledger), [[3, 0]]);
  });

  it('sells what expired from what is left, and gives back just that', () => {
    const ledger = new Ledger([record(FIRST, 4)], []);
    ledger.take(reserve(ORDER, [line(FIRST, 3)]));
    ledger.take({ type: 'stock.expire', order: ORDER });
    ledger.take(reserve(OTHER, [line(FIRST, 2)]));
    assert.equal(ledger.take({ type: 'stock.commit', order: ORDER })?.type, 'stock.committed');
    assert.deepEqual(left(ledger), [[0, 2]]);
    ledger.take({ type: 'stock.release', order: ORDER });
    assert.deepEqual(left(ledger), [[2, 2]]);
  });

  it('sells nothing of what was asked back', () => {
    const ledger = new Ledger([record(FIRST, 4)], []);
    ledger.take(reserve(ORDER, [line(FIRST, 3)]));
    ledger.take({ type: 'stock.expire', order: ORDER });
    ledger.take({ type: 'stock.release', order: ORDER });
    assert.equal(ledger.take({ type: 'stock.commit', order: ORDER })?.type, 'stock.released');
    assert.deepEqual(left(ledger), [[4, 0]]);
  });

  it('tells a level once, where it is at the end of a batch', () => {
    const ledger = new Ledger([record(FIRST, 5)], []);
    ledger.take(reserve(ORDER, [line(FIRST, 3)]));
    ledger.take(reserve(OTHER, [line(FIRST, 2)]));
    assert.deepEqual(
      ledger.levelNews().map(({ level, available, version }) => [level, available, version]),
      [['out', 0, 2]],
    );
  });
});

const order = fc.constantFrom(...ORDERS);
const asked: fc.Arbitrary<Asked> = fc.oneof(
  fc
    .tuple(
      order,
      fc.array(
        fc.record({
          product: fc.constantFrom(...PRODUCTS),
          variant: fc.constantFrom(null, VARIANT),
          quantity: fc.integer({ min: 1, max: 4 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    )
    .map(([id, lines]) => reserve(id, lines)),
  fc
    .tuple(order, fc.constantFrom('stock.commit', 'stock.release', 'stock.expire'))
    .map(([id, type]) => ({ type, order: id }) as Asked),
);

/** The simplest thing that could be right: stock is what there was less what is held or sold. */
class Model {
  readonly held = new Map<string, Map<string, number>>();
  readonly ended = new Set<string>();
  readonly expired = new Map<string, Map<string, number>>();
  readonly start: ReadonlyMap<string, number>;

  constructor(start: ReadonlyMap<string, number>) {
    this.start = start;
  }

  left(product: string): number {
    const taken = [...this.held.values()].map((lines) => lines.get(product) ?? 0);
    return (this.start.get(product) ?? 0) - taken.reduce((sum, each) => sum + each, 0);
  }

  take(asking: Asked): void {
    const id = asking.order;
    if (asking.type === 'stock.reserve') {
      if (this.held.has(id) || this.ended.has(id)) return;
      const lines = new Map<string, number>();
      for (const { product, quantity } of asking.lines) {
        if (this.start.has(product)) lines.set(product, (lines.get(product) ?? 0) + quantity);
      }
      const isThere = [...lines].every(([product, quantity]) => this.left(product) >= quantity);
      if (isThere) this.held.set(id, lines);
      else this.ended.add(id);
    } else if (asking.type === 'stock.commit') {
      const lines = this.expired.get(id);
      if (lines !== undefined) {
        const got = [...lines].map(([product, quantity]): [string, number] => {
          return [product, Math.min(quantity, this.left(product))];
        });
        this.held.set(id, new Map(got));
        this.expired.delete(id);
      }
      this.ended.add(id);
    } else {
      const lines = this.held.get(id);
      const isExpiry = asking.type === 'stock.expire';
      // A timer ends only what is reserved: not what was sold.
      if (isExpiry && (lines === undefined || this.ended.has(id))) return;
      if (isExpiry && lines !== undefined) this.expired.set(id, lines);
      if (!isExpiry) this.expired.delete(id);
      this.held.delete(id);
      this.ended.add(id);
    }
  }
}

describe('whatever is asked in whatever order, with repeats', () => {
  it('stock is what a simple model says, and never below zero', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.nat(6), fc.array(asked, { maxLength: 40 }), (a, b, all) => {
        const stock = [record(FIRST, a), record(SECOND, b)];
        const ledger = new Ledger(stock, []);
        const model = new Model(new Map([FIRST, SECOND].map((id, n) => [id, n === 0 ? a : b])));
        for (const each of all) {
          const before = new Map(ledger.reservations);
          const answer = ledger.take(each);
          model.take(each);
          for (const { product, available, reserved } of ledger.stock.values()) {
            assert.ok(available >= 0 && reserved >= 0);
            assert.equal(available, model.left(product));
          }
          const again = ledger.take(each);
          if (each.type !== 'stock.expire') assert.deepEqual(again, answer);
          if (answer === undefined) assert.deepEqual(ledger.reservations, before);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
