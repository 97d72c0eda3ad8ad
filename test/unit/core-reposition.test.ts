import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Place } from '../../contracts/geo.ts';
import { effectsOf, viewOf } from '../../dispatch/core/effects.ts';
import { place, request, zoneConfig } from '../support/core-fixtures.ts';
import { CoreWorld, only } from '../support/core-world.ts';

const BUSY = place(0.6, 0.5);
const QUIET = place(0.3, 0.5);

/** A zone that has seen deliveries asked for at both doors, mostly at one, and none of them open. */
function afterSomeDemand(repositionMsMax: number): CoreWorld {
  const world = new CoreWorld(zoneConfig(1, { repositionMsMax, autoAssign: true }));
  let number = 0;
  const ask = (pickup: Place) => {
    const asked = request(++number, { pickup, placedMs: world.nowMs, readyMs: world.nowMs });
    world.command({ type: 'delivery.request', number: 1, request: asked });
    world.command({
      type: 'delivery.cancel',
      number: 2,
      delivery: asked.id,
      code: 'cancelled_by_customer',
      fault: 'customer',
    });
  };
  for (let n = 0; n < 9; n++) ask(BUSY);
  ask(QUIET);
  return world;
}

describe('an idle driver', () => {
  it('is sent to where pickups are asked for, once, and stays free for work', () => {
    const world = afterSomeDemand(30 * 60_000);
    const driver = world.join(1, place(0.5, 0.5));
    const sent = only(world.round(), 'driver.sent');
    assert.equal(sent.driver, driver);
    assert.deepEqual(sent.to, BUSY);
    assert.ok(sent.arrivesMs > world.nowMs);
    world.wait(1_000);
    assert.ok(!world.round().some(({ type }) => type === 'driver.sent'));
    const asked = request(99, { pickup: place(0.5, 0.5), readyMs: world.nowMs });
    world.command({ type: 'delivery.request', number: 1, request: asked });
    assert.equal(only(world.round(), 'delivery.assigned').driver, driver);
  });

  it('is told the place in its view, until it has something to do', () => {
    const world = afterSomeDemand(30 * 60_000);
    const driver = world.join(1, place(0.5, 0.5));
    const events = world.round();
    const { arrivesMs } = only(events, 'driver.sent');
    const shown = () => {
      const record = world.zone.driver(driver);
      assert.ok(record);
      return viewOf(world.zone, record).waitAt;
    };
    assert.deepEqual(shown(), { ...BUSY, byMs: arrivesMs });
    const effects = effectsOf(world.shard, world.config.id, events, world.nowMs);
    assert.ok(effects.some((each) => each.kind === 'push' && each.push.t === 'view'));
    const asked = request(99, { pickup: place(0.5, 0.5), readyMs: world.nowMs });
    world.command({ type: 'delivery.request', number: 1, request: asked });
    only(world.round(), 'delivery.assigned');
    assert.equal(shown(), undefined);
    world.checkRecovery();
  });

  it('is known to have gone there, and is not sent again', () => {
    const world = afterSomeDemand(30 * 60_000);
    const driver = world.join(1, place(0.5, 0.5));
    const { arrivesMs } = only(world.round(), 'driver.sent');
    world.wait(arrivesMs - world.nowMs + 1_000);
    world.position(driver, BUSY);
    // Work that it may not do keeps the rounds going.
    const asked = request(99, { pickup: QUIET, readyMs: world.nowMs, vehicles: ['van'] });
    world.command({ type: 'delivery.request', number: 1, request: asked });
    assert.ok(!world.round().some(({ type }) => type === 'driver.sent'));
    assert.deepEqual(world.zone.driver(driver)?.fix?.cell, BUSY.cell);
  });

  it('leaves a door to another who waits there already', () => {
    const world = afterSomeDemand(30 * 60_000);
    world.join(1, BUSY);
    world.join(2, place(0.5, 0.5));
    const sent = world.round().filter((event) => event.type === 'driver.sent');
    assert.ok(sent.every((event) => event.to.cell !== BUSY.cell));
  });

  it('stays where it is in a zone that does not ask for it', () => {
    const world = afterSomeDemand(0);
    world.join(1, place(0.5, 0.5));
    assert.ok(!world.round().some(({ type }) => type === 'driver.sent'));
    assert.deepEqual(world.zone.demand.all(), []);
  });

  it('is decided from a state that recovery gives again', () => {
    const world = afterSomeDemand(30 * 60_000);
    world.join(1, place(0.5, 0.5));
    world.round();
    world.checkRecovery();
    world.restoreFromSnapshot();
  });
});
