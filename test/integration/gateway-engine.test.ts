import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createDriverClient,
  createTrackClient,
  createViewClient,
  type DriverClient,
  type TrackPosition,
} from '../../client/index.ts';
import type { DeliveryRequest } from '../../contracts/commands.ts';
import { ancestorText } from '../../contracts/geo.ts';
import { newId } from '../../contracts/ids.ts';
import { type CellPicture, VIEW_RESOLUTION } from '../../contracts/push.ts';
import {
  DEFAULT_POLICY,
  DEFAULT_WEIGHTS,
  policyAtSpeed,
  type ZonePolicy,
} from '../../contracts/zone.ts';
import { placeOf, zoneGeometry } from '../../dispatch/geometry.ts';
import { startRedisShardNode } from '../../dispatch/redis/redis-shard-node.ts';
import { failOnLeaks } from '../support/leaks.ts';
import type { Scope } from '../support/scope.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { ACCOUNT, greet, HOME, openStage, type Stage } from './gateway-stage.ts';

failOnLeaks();

const SPEED = 20;
const SLOW_START = { timeoutMs: 20_000 };

/** The stage with real shards behind it, both zones open; `policy` overrides the defaults. */
async function openEngine(scope: Scope, policy: Partial<ZonePolicy> = {}): Promise<Stage> {
  const stage = await openStage(scope, { speed: SPEED });
  const running = await startRedisShardNode({
    node: 'dispatch-1',
    redisUrl: stage.redisUrl,
    keyPrefix: stage.prefix,
    shards: 2,
    workers: 1,
    speed: SPEED,
    onProblem: () => {},
  });
  cleanUpInReverse(scope, () => running.stop());
  for (const entry of stage.zones) {
    const { id, market, shard, version, currency, timeZone, polygon } = entry;
    const config = {
      ...{ id, market, shard, version, currency, timeZone },
      ...zoneGeometry(polygon),
      weights: DEFAULT_WEIGHTS,
      policy: policyAtSpeed({ ...DEFAULT_POLICY, ...policy }, SPEED),
    };
    await stage.door.append({ zone: id, command: { type: 'zone.open', config } });
  }
  return stage;
}

/** A delivery of a vendor this far north of `HOME`, degrees. */
function requestOf(stage: Stage, north = 0.001): DeliveryRequest {
  const nowMs = Math.round(stage.door.clock.zoneMs());
  return {
    id: newId('delivery'),
    account: ACCOUNT,
    pickup: placeOf(HOME.lat + north, HOME.lon),
    dropoff: placeOf(HOME.lat + 0.004, HOME.lon),
    placedMs: nowMs,
    readyMs: nowMs,
    readySource: 'promised',
    load: { parcels: 1, volumeMl: 1_000, weightG: 500 },
    ifUndeliverable: 'return',
  };
}

async function driverOnDuty(scope: Scope, stage: Stage, at = HOME): Promise<DriverClient> {
  const driver = await stage.driver();
  const client = createDriverClient({ url: stage.url, token: driver.token });
  cleanUpInReverse(scope, () => client.close());
  await client.connect();
  const result = await client.goOnDuty({ vehicle: driver.vehicle, at });
  assert.equal(result.refused, undefined);
  await waitFor(() => client.view?.duty === 'available');
  return client;
}

describe('gateway and engine together', () => {
  it('carry a delivery from the offer to the door, watched by its customer', async (t) => {
    const stage = await openEngine(t);
    const driver = await driverOnDuty(t, stage);
    const request = requestOf(stage);
    const states: string[] = [];
    const positions: TrackPosition[] = [];
    const token = await stage.linkToken(request.id);
    const customer = createTrackClient({ url: stage.url, token });
    t.after(() => customer.close());
    await customer.connect();
    customer.track(request.id, null, {
      onStatus: (each) => states.push(each.state),
      onPosition: (each) => positions.push(each),
    });
    await stage.door.append({
      zone: stage.zone,
      command: { type: 'delivery.request', number: 1, request },
    });
    const offer = await waitFor(() => driver.view?.offer, SLOW_START);
    assert.deepEqual(offer.deliveries, [request.id]);
    assert.equal((await driver.accept(offer.id)).refused, undefined);
    await waitFor(() => driver.view?.stops.length === 2);
    let step = 0;
    await waitFor(() => {
      step += 1;
      driver.report({ lat: HOME.lat + step * 1e-5, lon: HOME.lon, heading: 0 });
      return positions.length > 0;
    }, SLOW_START);
    assert.equal((await driver.arrived(request.id)).refused, undefined);
    assert.equal((await driver.pickedUp(request.id)).refused, undefined);
    assert.equal((await driver.delivered(request.id)).refused, undefined);
    await waitFor(() => states.at(-1) === 'delivered');
    assert.ok(states.includes('picked_up'), states.join());
    assert.equal(driver.view?.lastAction, 5);
  });

  it('take an action that is sent twice in once, and answer it twice', async (t) => {
    const stage = await openEngine(t);
    const { token, vehicle } = await stage.driver();
    const socket = await greet(t, stage, token);
    const deed = { kind: 'duty', duty: 'available', vehicle, at: HOME };
    const act = { t: 'act', action: 1, deviceMs: Date.now(), deed };
    socket.send(act);
    socket.send(act);
    const answers = () => socket.messages.filter((each) => each.t === 'actack');
    await waitFor(() => answers().length === 2, SLOW_START);
    assert.ok(answers().every((each) => each.action === 1 && each.refused === undefined));
    const { view } = await socket.next('plan', (each) => each.view?.duty === 'available');
    assert.equal(view?.lastAction, 1);
  });

  it('refuse an answer to an offer that never was, with the reason', async (t) => {
    const stage = await openEngine(t);
    const driver = await driverOnDuty(t, stage);
    const late = await driver.accept(newId('offer'));
    assert.equal(late.refused, 'unknown_offer');
    assert.equal(late.action, 2);
  });

  it('have a driver wait for a customer who does not answer, until ops end the wait', async (t) => {
    const stage = await openEngine(t, { autoAssign: true, unreachableWaitMs: 3_600_000 });
    const driver = await driverOnDuty(t, stage);
    const request = requestOf(stage);
    const delivery = request.id;
    await stage.door.append({
      zone: stage.zone,
      command: { type: 'delivery.request', number: 1, request },
    });
    await waitFor(() => driver.view?.stops.length === 2, SLOW_START);
    await driver.arrived(delivery);
    await driver.pickedUp(delivery);
    await driver.arrived(delivery);
    assert.equal((await driver.unreachable(delivery, 'rang')).refused, undefined);
    const [wait] = await waitFor(() => driver.view?.waits);
    assert.ok(wait);
    assert.deepEqual([wait.delivery, wait.untilMs - wait.sinceMs], [delivery, 3_600_000]);
    const giveUp = () => driver.undeliverable(delivery, 'customer_unreachable', 'customer');
    assert.equal((await giveUp()).refused, 'wait_running');
    const by = { request: newId('control'), actor: newId('user'), reason: 'nobody lives there' };
    await stage.door.append({
      zone: stage.zone,
      command: { type: 'delivery.ops', ...by, delivery, verb: { kind: 'end_wait' } },
    });
    await waitFor(() => (driver.view?.waits?.[0]?.untilMs ?? wait.untilMs) < wait.untilMs);
    assert.equal((await giveUp()).refused, undefined);
    await waitFor(() => driver.view?.stops[0]?.kind === 'return');
    assert.equal(driver.view?.waits, undefined);
  });

  it('give a broadcast delivery to the first who accepts, and tell the other that it is gone', async (t) => {
    const stage = await openEngine(t, { broadcastMax: 2, offerTtlMs: 600_000 });
    const [slow, fast] = [await driverOnDuty(t, stage), await driverOnDuty(t, stage)];
    const request = requestOf(stage);
    await stage.door.append({
      zone: stage.zone,
      command: { type: 'delivery.request', number: 1, request },
    });
    const missed = await waitFor(() => slow.view?.offer, SLOW_START);
    const taken = await waitFor(() => fast.view?.offer, SLOW_START);
    assert.notEqual(missed.id, taken.id);
    assert.deepEqual([missed.deliveries, taken.deliveries], [[request.id], [request.id]]);
    assert.equal((await fast.accept(taken.id)).refused, undefined);
    await waitFor(() => fast.view?.stops.length === 2 && slow.view?.offer === null);
    assert.equal((await slow.accept(missed.id)).refused, 'offer_taken');
    assert.equal(slow.view?.stops.length, 0);
    assert.equal(
      (await slow.setDuty('on_break')).refused,
      undefined,
      'it is free for anything else',
    );
  });

  it('warn a driver who stands still, then give the delivery to one who is nearer', async (t) => {
    const stage = await openEngine(t, { stallMs: 20_000, stallGainMs: 1_000, offerTtlMs: 20_000 });
    const standing = await driverOnDuty(t, stage);
    const request = requestOf(stage, 0.02);
    await stage.door.append({
      zone: stage.zone,
      command: { type: 'delivery.request', number: 1, request },
    });
    const offer = await waitFor(() => standing.view?.offer, SLOW_START);
    assert.equal((await standing.accept(offer.id)).refused, undefined);
    await waitFor(() => standing.view?.stalledSinceMs, SLOW_START);
    assert.equal(standing.view?.stops.length, 2, 'it is told first');
    const helper = await driverOnDuty(t, stage, { lat: HOME.lat + 0.019, lon: HOME.lon });
    const again = await waitFor(() => helper.view?.offer, SLOW_START);
    assert.deepEqual(again.deliveries, [request.id]);
    await waitFor(() => standing.view?.stops.length === 0);
    assert.equal(standing.view?.stalledSinceMs, undefined);
    // The one who seemed to stand had the parcel all along.
    assert.equal((await standing.pickedUp(request.id)).refused, undefined);
    await waitFor(() => standing.view?.stops.length === 1 && helper.view?.offer === null);
    const late = await helper.accept(again.id);
    assert.equal(late.refused, 'offer_withdrawn');
  });

  it('tell an idle driver where to wait', async (t) => {
    const stage = await openEngine(t, { repositionMsMax: 1_800_000 });
    const ask = async (request: DeliveryRequest) => {
      const command = { type: 'delivery.request', number: 1, request } as const;
      await stage.door.append({ zone: stage.zone, command });
    };
    // Nobody here may carry any of it; what counts is where it is asked for.
    const busy = requestOf(stage, 0.02);
    for (let n = 0; n < 5; n++) {
      await ask({ ...busy, id: newId('delivery'), vehicles: ['van'] });
    }
    await ask({ ...requestOf(stage, -0.01), vehicles: ['van'] });
    const driver = await driverOnDuty(t, stage);
    const place = await waitFor(() => driver.view?.waitAt, SLOW_START);
    const { latE7, lonE7 } = busy.pickup;
    assert.deepEqual([place.latE7, place.lonE7], [latE7, lonE7]);
    assert.equal((await driver.setDuty('on_break')).refused, undefined);
    await waitFor(() => driver.view?.duty === 'on_break' && driver.view.waitAt === undefined);
  });

  it('move an idle driver into the zone it drove to', async (t) => {
    const stage = await openEngine(t);
    const driver = await driverOnDuty(t, stage);
    const [first, second] = stage.zones;
    assert.equal(driver.zone, first.id);
    let step = 0;
    await waitFor(() => {
      step += 1;
      driver.report({ lat: HOME.lat, lon: 13.51 + step * 1e-6 });
      return driver.zone === second.id;
    }, SLOW_START);
    assert.equal((await driver.setDuty('on_break')).refused, undefined);
    assert.equal(await stage.door.driverZone(driver.view?.driver ?? ''), second.id);
  });

  it('show the driver on the map of its cell', async (t) => {
    const stage = await openEngine(t);
    const driver = await driverOnDuty(t, stage);
    const pictures: CellPicture[] = [];
    const nodes = new Set<string>();
    const viewer = createViewClient({
      url: stage.url,
      token: await stage.opsToken(),
      onCell: (picture) => pictures.push(picture),
      onNode: (picture) => nodes.add(picture.node),
    });
    t.after(() => viewer.close());
    viewer.watch([ancestorText(placeOf(HOME.lat, HOME.lon).cell, VIEW_RESOLUTION)], {
      nodes: true,
    });
    await viewer.connect();
    let step = 0;
    await waitFor(() => {
      step += 1;
      driver.report({ lat: HOME.lat + step * 1e-6, lon: HOME.lon });
      return pictures.some((each) => each.drivers.length === 1) && nodes.has('dispatch-1');
    }, SLOW_START);
  });
});
