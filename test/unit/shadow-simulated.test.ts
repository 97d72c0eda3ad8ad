/** The simulated half of a shadow: copies of a zone that go their own way, by the same rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimulatedFigures, ZoneShadow } from '../../contracts/shadow.ts';
import type { ZonePolicy } from '../../contracts/zone.ts';
import { OfferHabits } from '../../dispatch/shadow/offer-habits.ts';
import { zoneConfig } from '../support/core-fixtures.ts';
import { type Day, liveDay } from '../support/shadow-day.ts';
import { shadowWith } from '../support/shadow-log.ts';

/** Two days and more; rounds are few and searches short, so that it takes a few seconds. */
const DAY: Day = { drivers: 3, deliveries: 260, everyMs: 750_000 };
const POLICY: Partial<ZonePolicy> = { roundMs: 60_000, searchSteps: 5 };
/** Driving counts for nearly all, delay for nearly nothing: a delivery waits until somebody is near. */
const MISERLY = {
  ...{ delayPerMille: 20, latePerMille: 0, travelPerMille: 2_000 },
  unassignedSeconds: 400_000,
};
/** As above, and a delivery may as well be given up. */
const CARELESS = { ...MISERLY, unassignedSeconds: 40_000 };

function dayOf(shadow: ZoneShadow, day: Day = DAY, policy = POLICY): SimulatedFigures {
  const figures = liveDay(zoneConfig(1, policy), shadow, day).figures();
  assert.ok(figures);
  return figures;
}

test('the same weights lead to the same day, and so does the zone that lives by the same rules', () => {
  const { live, shadow, real, ...compared } = dayOf(shadowWith({}));
  assert.ok(live.delivered > 230);
  assert.deepEqual([live.requested, live.open], [DAY.deliveries, 0]);
  assert.deepEqual(shadow, live);
  assert.deepEqual({ ...real, driveMsPerDelivery: live.driveMsPerDelivery }, live);
  const none = { meanMs: 0, lowMs: 0, highMs: 0 };
  assert.deepEqual([compared.clickToDoor, compared.late], [none, none]);
  assert.deepEqual([compared.onlyLive, compared.onlyShadow], [0, 0]);
  assert.deepEqual([compared.pairs, compared.verdict], [live.delivered, 'no_difference']);
});

test('worse weights are seen as worse, with an interval and in plain words', () => {
  const figures = dayOf(shadowWith(MISERLY));
  const { clickToDoor, live, shadow, verdict, says } = figures;
  assert.equal(verdict, 'worse');
  assert.match(says, /^The shadow does worse: click-to-door differs by \+\d/);
  assert.match(says, /paired blocks/);
  assert.ok(clickToDoor && clickToDoor.lowMs > 0 && clickToDoor.lowMs <= clickToDoor.meanMs);
  assert.ok((shadow.clickToDoorP50Ms ?? 0) > (live.clickToDoorP50Ms ?? 0));
  assert.equal(figures.real.clickToDoorP50Ms, live.clickToDoorP50Ms, 'reality is the live side');
});

test('who gives up the hard ones is not called quick', () => {
  const figures = dayOf(shadowWith(CARELESS));
  assert.equal(figures.verdict, 'worse');
  assert.ok(figures.onlyLive > 20 && figures.onlyShadow < figures.onlyLive);
  assert.match(figures.says, /made by the shadow alone, \d+ by the live weights alone, a clear/);
});

test('better weights are seen as better by a zone that has worse ones', () => {
  const config = zoneConfig(1, POLICY);
  const miserly = { ...config, weights: { ...config.weights, ...MISERLY } };
  const figures = liveDay(miserly, shadowWith({}), DAY).figures();
  assert.equal(figures?.verdict, 'better', figures?.says);
});

test('little is too early for a verdict', () => {
  const figures = dayOf(shadowWith(MISERLY), { ...DAY, deliveries: 40 });
  assert.equal(figures.verdict, 'too_early');
  assert.match(figures.says, /^Too early to say: \d+ deliveries in \d+ blocks/);
});

test('simulated drivers accept as often as the live ones do', () => {
  const habits = new OfferHabits();
  for (let n = 0; n < 100; n++) {
    const offer = `off_${n}` as const;
    const made = { type: 'offer.made', offer } as Parameters<OfferHabits['hear']>[0];
    habits.hear(made, 1_000);
    const outcome = n % 4 === 0 ? 'declined' : 'accepted';
    habits.hear({ type: 'offer.closed', offer, driver: 'drv_x', outcome }, 9_000);
    habits.hear({ type: 'offer.closed', offer, driver: 'drv_x', outcome: 'withdrawn' }, 9_000);
  }
  assert.equal(habits.acceptPerMille, Math.round((76 * 1000) / 101));
  assert.equal(habits.answerMs, 8_000);
  const said = Array.from({ length: 1_000 }, (_, n) => habits.accepts('drv_1', `del_${n}`, 1_000));
  const yes = said.filter(Boolean).length;
  assert.ok(yes > 680 && yes < 820, `${yes} of 1000`);
  const day = dayOf(shadowWith({}), { ...DAY, deliveries: 120, habits });
  assert.ok(day.acceptPerMille > 650 && day.acceptPerMille < 850, String(day.acceptPerMille));
  assert.deepEqual(day.shadow, day.live);
});

test('zones that do not ask are simulated as well, and limits are tried', () => {
  const policy = { ...POLICY, autoAssign: true };
  const same = dayOf(shadowWith({}), { ...DAY, deliveries: 80 }, policy);
  assert.deepEqual([same.live.open, same.shadow], [0, same.live]);
  const alone = dayOf(shadowWith({}, { stackMax: 1 }), { ...DAY, deliveries: 80 }, policy);
  assert.notDeepEqual(alone.shadow, alone.live);
});
