/** What counts as lost: each promise to somebody outside that did not come true. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Stop } from '../../contracts/events.ts';
import type { DriverView } from '../../contracts/push.ts';
import { Journal, type JournalDeed, VIEW_LAG_MS } from '../../demo/journal.ts';
import {
  HAND_OVERLAP_MS,
  judge,
  percentile,
  type Truth,
  type TruthEvent,
} from '../../demo/verdict.ts';

const ORDER = {
  order: 'ord_1',
  delivery: 'del_1',
  placedMs: 1_000,
  promiseMs: 50_000,
  leastDoorMs: 31_000,
};
const TRUTH: Truth = {
  orderState: 'delivered',
  orderReason: null,
  state: 'delivered',
  driver: 'drv_1',
  placedMs: 1_000,
  promiseMs: 50_000,
  pickedUpMs: 20_000,
  deliveredMs: 41_000,
  history: [
    { state: 'assigned', driver: 'drv_1' },
    { state: 'picked_up', driver: 'drv_1' },
    { state: 'delivered', driver: 'drv_1' },
  ],
  events: [{ position: '0', type: 'driver.acted', driver: 'drv_1', data: { action: 1 } }],
};

function acted(driver: string, action = 1): TruthEvent {
  return { position: `${driver}-${action}`, type: 'driver.acted', driver, data: { action } };
}

function deed(part: Partial<JournalDeed>): JournalDeed {
  return {
    driver: 'drv_1',
    action: 1,
    deed: 'delivered',
    delivery: 'del_1',
    offer: null,
    refused: null,
    atMs: 41_000,
    ...part,
  };
}

function view(driver: string, deliveries: readonly string[], lastAction = 9): DriverView {
  const stops = deliveries.map((delivery): Stop => {
    const place = { latE7: 0, lonE7: 0, cell: 0 };
    return { id: `stp_${delivery}`, kind: 'dropoff', delivery, ...place, arrived: false };
  });
  const place = { zone: 'zon_1', slot: 0, tenancy: 0, version: 1, planVersion: 1 };
  return { driver, duty: 'available', stops, offer: null, lastAction, ...place };
}

function verdictOf(prepare: (journal: Journal) => void, truth: Truth | null = TRUTH) {
  const journal = new Journal();
  journal.orderPlaced(ORDER);
  prepare(journal);
  return judge(journal, new Map([['del_1', truth]]));
}

function closed(position: string, outcome: string): TruthEvent {
  return { position, type: 'offer.closed', driver: 'drv_1', data: { offer: 'ofr_1', outcome } };
}

describe('the verdict', () => {
  it('finds nothing in a delivery that went well, and measures it', () => {
    const verdict = verdictOf((journal) => {
      journal.deedAnswered(deed({}), 0);
      journal.viewShown(view('drv_1', ['del_1']), 0);
    });
    assert.deepEqual(verdict.lostDetails, []);
    assert.deepEqual(verdict.orders, {
      ...{ placed: 1, delivered: 1, cancelled: 0, returned: 0, failed: 0, open: 0 },
    });
    assert.equal(verdict.clickToDoorMs.p50, 40_000);
    assert.equal(verdict.excessMs, 10_000);
    assert.equal(verdict.onTimePercent, 100);
  });

  it('counts an order without an end, and one the API does not know', () => {
    const open = verdictOf(() => {}, { ...TRUTH, state: 'assigned', orderState: 'accepted' });
    assert.equal(open.orders.open, 1);
    assert.match(
      open.lostDetails[0] ?? '',
      /ord_1 \(del_1\): has no end, its delivery is assigned/,
    );
    assert.match(verdictOf(() => {}, null).lostDetails[0] ?? '', /the API does not know it/);
  });

  it('counts an order that disagrees with its delivery', () => {
    const verdict = verdictOf(() => {}, { ...TRUTH, orderState: 'on_the_way' });
    assert.match(verdict.lostDetails[0] ?? '', /the order says on_the_way/);
  });

  it('counts a confirmed cancel that was delivered all the same, not one that came late', () => {
    const confirmed = verdictOf((journal) => journal.cancelAnswered('del_1', 'done'));
    assert.match(confirmed.lostDetails[0] ?? '', /its cancel was confirmed/);
    assert.equal(verdictOf((journal) => journal.cancelAnswered('del_1', 'late')).lost, 0);
  });

  it('counts acknowledged deeds that the log does not have, and forgives refused ones', () => {
    const without = { ...TRUTH, events: [] };
    const said = verdictOf(
      (journal) => journal.deedAnswered(deed({ deed: 'arrived' }), 0),
      without,
    );
    assert.match(said.lostDetails[0] ?? '', /drv_1 arrived del_1 .*the log does not have it/);
    const refused = deed({ refused: 'not_aboard' });
    assert.equal(verdictOf((journal) => journal.deedAnswered(refused, 0), without).lost, 0);
  });

  it('counts a pickup without effect, but not one that came after a cancel', () => {
    const history = TRUTH.history.filter(({ state }) => state === 'assigned');
    const pickup = (journal: Journal) => journal.deedAnswered(deed({ deed: 'picked_up' }), 0);
    const lost = verdictOf(pickup, { ...TRUTH, history });
    assert.match(
      lost.lostDetails[0] ?? '',
      /drv_1 picked_up del_1 .*history of the delivery lacks it/,
    );
    const cancelled = { ...TRUTH, history, state: 'cancelled', orderState: 'cancelled' } as const;
    assert.equal(verdictOf(pickup, cancelled).lost, 0);
  });

  it('counts a delivery that another driver is said to have delivered', () => {
    const history = [...TRUTH.history, { state: 'delivered', driver: 'drv_2' } as const];
    const verdict = verdictOf((journal) => journal.deedAnswered(deed({}), 0), {
      ...TRUTH,
      driver: 'drv_2',
      history,
    });
    assert.match(verdict.lostDetails[0] ?? '', /the API says drv_2 delivered it/);
  });

  it('counts an acknowledged action that a later view has forgotten', () => {
    const verdict = verdictOf((journal) => {
      journal.deedAnswered(deed({ action: 12, deed: 'duty', delivery: null }), 0);
      journal.viewShown(view('drv_1', [], 11), VIEW_LAG_MS + 1);
    });
    assert.match(verdict.lostDetails[0] ?? '', /action 12 was acknowledged, .* knows 11/);
  });

  it('counts a delivery in two hands, but not a short overlap or a lost connection', () => {
    const overlap = (ms: number, cut: boolean) =>
      verdictOf((journal) => {
        journal.viewShown(view('drv_1', ['del_1']), 0);
        if (cut) journal.connectionLost('drv_1', 1);
        journal.viewShown(view('drv_2', ['del_1']), 100);
        journal.viewShown(view('drv_1', []), 100 + ms);
      });
    assert.match(
      overlap(HAND_OVERLAP_MS + 1, false).lostDetails[0] ?? '',
      /drv_1 and drv_2 both held/,
    );
    assert.equal(overlap(HAND_OVERLAP_MS - 1, false).lost, 0);
    assert.equal(overlap(HAND_OVERLAP_MS * 9, true).lost, 0);
  });

  it('counts two pickups of one parcel', () => {
    const history = [...TRUTH.history, { state: 'picked_up', driver: 'drv_2' } as const];
    const verdict = verdictOf(
      (journal) => {
        journal.deedAnswered(deed({ deed: 'picked_up' }), 0);
        journal.deedAnswered(deed({ deed: 'picked_up', driver: 'drv_2' }), 0);
      },
      { ...TRUTH, history, events: [acted('drv_1'), acted('drv_2')] },
    );
    assert.match(verdict.lostDetails.join(), /drv_1 and drv_2 both picked it up/);
  });

  it('counts offers once, and an offer with two outcomes', () => {
    const made = { position: '1', type: 'offer.made', driver: 'drv_1', data: { offer: 'ofr_1' } };
    const fine = verdictOf(() => {}, {
      ...TRUTH,
      events: [made, closed('2', 'accepted'), closed('2', 'accepted')],
    });
    assert.equal(fine.lost, 0);
    assert.deepEqual([fine.offers.made, fine.offers.accepted], [1, 1]);
    const twice = verdictOf(() => {}, {
      ...TRUTH,
      events: [closed('2', 'accepted'), closed('3', 'expired')],
    });
    assert.match(twice.lostDetails[0] ?? '', /ofr_1: has 2 outcomes: accepted, expired/);
  });

  it('counts an accept that was acknowledged and then closed otherwise', () => {
    const accept = deed({ deed: 'accept', delivery: null, offer: 'ofr_1' });
    const verdict = verdictOf((journal) => journal.deedAnswered(accept, 0), {
      ...TRUTH,
      events: [closed('2', 'expired')],
    });
    assert.match(verdict.lostDetails[0] ?? '', /accepted was acknowledged, the log says expired/);
  });

  it('counts an end that a customer was shown and the API does not confirm', () => {
    const verdict = verdictOf((journal) => journal.endShown('del_1', 'cancelled'));
    assert.match(verdict.lostDetails[0] ?? '', /was shown cancelled, the API says delivered/);
  });

  it('counts a position shown going back in time', () => {
    const verdict = verdictOf((journal) => {
      for (const fixMs of [100, 200, 200, 150]) journal.positionShown('del_1', fixMs);
    });
    assert.match(
      verdict.lostDetails[0] ?? '',
      /del_1: 1 positions shown went back in time, by up to 50 ms/,
    );
  });
});

describe('a percentile', () => {
  it('is the nearest rank, and nothing for no values', () => {
    assert.equal(percentile([], 0.5), null);
    assert.equal(percentile([3, 1, 2], 0.5), 2);
    assert.equal(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9), 9);
  });
});
