import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { etaRangeText } from '../../client/index.ts';

const AT_MS = Date.UTC(2026, 5, 1, 17, 40);

describe('the text of a range', () => {
  it('is its two ends in the wall time of a zone', () => {
    const range = { etaFromMs: AT_MS, etaToMs: AT_MS + 12 * 60_000 };
    assert.equal(etaRangeText(range, 'Europe/Vienna'), '19:40–19:52');
    assert.equal(etaRangeText(range, 'America/Chicago'), '12:40–12:52');
  });

  it('is one time when both ends are, and nothing when none is known', () => {
    assert.equal(etaRangeText({ etaFromMs: AT_MS, etaToMs: AT_MS }, 'UTC'), '17:40');
    assert.equal(etaRangeText({}), null);
  });
});
