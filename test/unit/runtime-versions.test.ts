import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreEngine } from '../../dispatch/runtime/core-engine.ts';
import type { LogRecord } from '../../dispatch/runtime/log-record.ts';
import { applyRecord } from '../../dispatch/runtime/restore.ts';
import { zoneConfig } from '../support/core-fixtures.ts';

const config = zoneConfig();

function record(change: Partial<LogRecord>): LogRecord {
  return {
    v: 1,
    epoch: 1,
    seq: 1,
    atMs: 1,
    cursor: '0-0',
    inputs: [],
    events: [{ zone: config.id, event: { type: 'zone.opened', config }, i: 0 }],
    weights: {},
    flags: [],
    ...change,
  };
}

test('the same core must come to the recorded state hash', () => {
  const state = coreEngine.create(0);
  const wrong = record({ hash: 1, engine: coreEngine.version });
  assert.throws(() => applyRecord(coreEngine, state, wrong), /state hash after record 1/);
  const right = coreEngine.create(0);
  applyRecord(coreEngine, right, record({}));
  const hash = coreEngine.hash(right);
  applyRecord(coreEngine, coreEngine.create(0), record({ hash, engine: coreEngine.version }));
});

test('a hash of an older core does not keep a newer one from starting', () => {
  const state = coreEngine.create(0);
  applyRecord(coreEngine, state, record({ hash: 1, engine: 'an older one' }));
  applyRecord(coreEngine, state, record({ hash: 1 }));
  assert.deepEqual([...coreEngine.zoneIds(state)], [config.id]);
});
