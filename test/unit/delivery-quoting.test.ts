/** A price for a cart: from memory alone, and nothing is kept; refusals say why. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultDeliveryPrice, deliveryTerms } from '../../contracts/delivery-terms.ts';
import { newId } from '../../contracts/ids.ts';
import { DEFAULT_POLICY, type ZoneEntry } from '../../contracts/zone.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database } from '../../platform/database.ts';
import type { Call } from '../../platform/service.ts';
import { createIntake } from '../../services/deliveries/quotes/intake.ts';
import { type QuotingDeps, quote } from '../../services/deliveries/quotes/quoting.ts';

const NOW_MS = 1_800_000_000_000;
const zone: ZoneEntry = {
  ...{ id: newId('zone'), market: newId('market'), name: 'Z', shard: 0, version: 1 },
  ...{ currency: 'EUR', timeZone: 'UTC', polygon: { type: 'Polygon', coordinates: [] } },
  terms: deliveryTerms(DEFAULT_POLICY, { ...defaultDeliveryPrice('EUR'), kmMax: 5 }),
};
const system: Call = {
  caller: { kind: 'system' },
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
  const intake = createIntake(database);
  const noDatabase = undefined as unknown as Database;
  return { database: noDatabase, door: async () => door, intake, reads: () => state.reads };
}

const HERE = { lat: 52.52, lon: 13.4 };
const NEAR = { lat: 52.53, lon: 13.4 };

function control(kind: string, value: number, untilMs: number): object {
  return { zone: zone.id, verb: `control.${kind}`, data: { value, untilMs } };
}

describe('a price for another service', () => {
  it('costs no query but a look at the controls now and then, and has no id', async () => {
    const deps = depsOf();
    const asked = { pickup: HERE, dropoff: NEAR, readyAt: new Date(NOW_MS).toISOString() };
    for (let n = 0; n < 100; n++) {
      const told = await quote(deps, asked, system);
      assert.equal('id' in told, false);
      assert.deepEqual([told.feeMinor, told.currency], [250, 'EUR']);
    }
    assert.equal(deps.reads(), 1);
  });

  it('is refused where nobody drives, too far, and while the zone is paused', async () => {
    const code = (deps: QuotingDeps, pickup: object, dropoff: object): Promise<string> =>
      quote(deps, { pickup, dropoff } as never, system).then(
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
    const plain = await quote(depsOf(), { pickup: HERE, dropoff: NEAR }, system);
    const stretched = depsOf([control('stretch_promises', 20, NOW_MS + 1)]);
    const told = await quote(stretched, { pickup: HERE, dropoff: NEAR }, system);
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
