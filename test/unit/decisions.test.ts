import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import type { LogRecord } from '../../dispatch/redis/door.ts';
import { decisionView, wordsFor } from '../../services/deliveries/decisions.ts';
import {
  type CandidateData,
  type DecisionData,
  decisionsOf,
} from '../../services/deliveries/projector/decision-rows.ts';

const zone = newId('zone');
const [ada, bob, cy] = [newId('driver'), newId('driver'), newId('driver')];
const delivery = newId('delivery');
const other = newId('delivery');

/** A record whose round has given a group of two to ada and asked bob as well. */
const record: LogRecord = {
  ...{ v: 1, epoch: 7, seq: 9, atMs: 1_000_000, cursor: '0-0', inputs: [], weights: {}, flags: [] },
  engine: 'abc',
  events: [
    { zone, event: { type: 'tombstones.dropped', count: 0 }, i: 0 },
    {
      zone,
      i: 0,
      event: {
        type: 'round.explained',
        ...{ round: 4, version: 2, terms: ['drive', 'delay'], weights: [20, 1_000] },
        ...{ planCost: 5_000_000, available: 6, drivers: [ada, bob, cy], leftOff: 0 },
        units: [
          {
            deliveries: [delivery, other],
            outcome: 'offered',
            ...{ chosen: 0, alsoAsked: [1], stayOut: 9_000_000, shortlisted: 4, leftOff: 1 },
            candidates: [
              { driver: 0, terms: [50_000, 300_000], alone: 1, pickupMs: 60_000, doorMs: 90_000 },
              { driver: 1, terms: [100_000, 400_000], alone: null, pickupMs: 1, doorMs: 2 },
            ],
            rejected: [[2, 'radius']],
          },
        ],
      },
    },
  ],
};

describe('decisions', () => {
  test('are read from the log, one per delivery of a unit, with drivers by id', () => {
    const rows = decisionsOf(record);
    assert.deepEqual(
      rows.map((row) => [row.delivery, row.epoch, row.seq, row.index, row.engine]),
      [
        [delivery, 7, 9, 1, 'abc'],
        [other, 7, 9, 1, 'abc'],
      ],
    );
    const data = rows[0]?.data;
    assert.equal(data?.chosen, ada);
    assert.deepEqual(data?.alsoAsked, [bob]);
    assert.deepEqual(data?.rejected, [[cy, 'radius']]);
    assert.deepEqual(
      data?.candidates.map(({ driver, cost }) => [driver, cost]),
      [
        [ada, 301_000_000],
        [bob, 402_000_000],
      ],
    );
  });

  test('are shown in seconds that add up, with times and words', () => {
    const [row] = decisionsOf(record);
    assert.ok(row);
    const view = decisionView({ ...row, shard: 3 });
    assert.equal(view.position, '3:7-9:1');
    const [first, second] = view.candidates;
    assert.equal(first?.costSeconds, 301);
    assert.equal(first?.moreThanChosenSeconds, 0);
    assert.equal(first?.pickupAt, new Date(1_060_000).toISOString());
    assert.deepEqual(first?.terms, [
      { term: 'drive', seconds: 50, perMille: 20, costSeconds: 1 },
      { term: 'delay', seconds: 300, perMille: 1_000, costSeconds: 300 },
    ]);
    assert.equal(second?.moreThanChosenSeconds, 101);
    assert.equal(second?.aloneSeconds, null);
    assert.deepEqual(view.rejected, [
      { driver: cy, reason: 'radius', words: 'is too far from the pickup' },
    ]);
  });

  test('say in words why not the driver who looks cheaper', () => {
    const data = decisionsOf(record)[0]?.data as DecisionData;
    const candidate = (driver: string, cost: number, alone: number | null): CandidateData => ({
      ...{ driver, cost: cost * 1_000_000, alone: alone === null ? null : alone * 1_000_000 },
      ...{ terms: [], pickupMs: 0, doorMs: 0 },
    });
    const told = (candidates: CandidateData[], change: Partial<DecisionData> = {}) =>
      wordsFor({ ...data, candidates, ...change });
    assert.match(
      told([candidate(ada, 100, 100), candidate(bob, 160, 160)]),
      /cheapest for this delivery and for the whole plan, 60 s ahead/,
    );
    assert.match(
      told([candidate(ada, 100, 100), candidate(bob, 400, 70)]),
      /30 s cheaper for this delivery alone, but 300 s dearer/,
    );
    assert.match(
      told([candidate(bob, 60, 100), candidate(ada, 100, 100)]),
      /would save the plan 40 s, which this round's search did not find/,
    );
    assert.match(told([candidate(ada, 9, 9)], { insteadOf: bob }), /idle far longer/);
    assert.match(told([], { outcome: 'unplaced', chosen: null }), /without breaking a limit/);
  });
});
