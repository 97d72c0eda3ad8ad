import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ZoneConfig } from '../../contracts/zone.ts';
import { configProblems } from '../../contracts/zone-check.ts';
import { unfitReason } from '../../dispatch/runtime/unfit.ts';
import { zoneConfig } from '../support/core-fixtures.ts';

const config = zoneConfig();
const withWeights = (weights: object): ZoneConfig =>
  ({ ...config, weights: { ...config.weights, ...weights } }) as ZoneConfig;

describe('the configuration of a zone', () => {
  test('is fine with its defaults, and where a field is left out', () => {
    assert.deepEqual(configProblems(config), []);
    const { explain: _, ...policy } = config.policy;
    assert.deepEqual(configProblems({ ...config, policy: policy as ZoneConfig['policy'] }), []);
  });

  test('is refused by the name of each weight or limit that is negative, not finite or no number', () => {
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, null, '5', {}]) {
      const problems = configProblems(withWeights({ latePerMille: bad }));
      assert.deepEqual(
        problems.map(({ field }) => field),
        ['/weights/latePerMille'],
      );
    }
    const hostile = {
      ...withWeights({ delayPerMille: -3 }),
      policy: {
        ...config.policy,
        ...{ detourMsMax: Number.NaN, autoAssign: 1 },
        speedMmps: { ...config.policy.speedMmps, car: -7 },
      },
    } as unknown as ZoneConfig;
    assert.deepEqual(
      configProblems(hostile)
        .map(({ field }) => field)
        .toSorted(),
      [
        '/policy/autoAssign',
        '/policy/detourMsMax',
        '/policy/speedMmps/car',
        '/weights/delayPerMille',
      ],
    );
    assert.deepEqual(
      configProblems({ ...config, weights: null } as unknown as ZoneConfig).map(
        ({ field }) => field,
      ),
      ['/weights'],
    );
  });

  test('that is unfit is set aside by the runtime with the field, whoever wrote it', () => {
    const entry = (given: ZoneConfig) => ({
      id: '1-0',
      zone: config.id,
      // As it would be read from the store: JSON has no NaN.
      envelope: JSON.parse(
        JSON.stringify({ zone: config.id, command: { type: 'zone.open', config: given } }),
      ),
    });
    assert.equal(unfitReason(entry(config)), undefined);
    assert.equal(
      unfitReason(entry(withWeights({ travelPerMille: Number.NaN }))),
      '/weights/travelPerMille: expected a finite number, 0 or more',
    );
    assert.equal(unfitReason({ id: '1-0', zone: config.id, envelope: null }), 'unreadable');
  });
});
