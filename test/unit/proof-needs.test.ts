import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PROOF_KINDS } from '../../contracts/api/proofs.ts';
import { newId } from '../../contracts/ids.ts';
import { sniff } from '../../platform/files/sniff.ts';
import {
  ageOn,
  missingOf,
  needsOf,
  storedNeeds,
} from '../../services/deliveries/proofs/proof-needs.ts';
import { createPins } from '../../services/deliveries/proofs/proof-pins.ts';

const secret = 'a secret of more than thirty-two characters';
const pins = createPins([{ kid: 'new', secret }]);
const needs = fc.record(
  {
    pin: fc.boolean(),
    photo: fc.boolean(),
    signature: fc.boolean(),
    ageMin: fc.integer({ min: 1, max: 99 }),
  },
  { requiredKeys: [] },
);

describe('what a delivery asks to be shown', () => {
  it('is stored without anything that is not asked for, and shown as it was asked', () => {
    fc.assert(
      fc.property(needs, (wanted) => {
        const asked = Object.entries(wanted).filter(([, value]) => value !== false);
        const stored = storedNeeds(wanted, pins);
        assert.deepEqual(needsOf(stored), asked.length === 0 ? null : Object.fromEntries(asked));
        assert.equal(missingOf(stored, []).length, asked.length);
        const all = PROOF_KINDS.map((kind) => ({ kind, arrived: true, passed: true }));
        assert.deepEqual(missingOf(stored, all), []);
      }),
    );
  });

  it('is still missing while a photo is on its way or an age check was not passed', () => {
    const stored = storedNeeds({ photo: true, ageMin: 18 }, pins);
    const shown = [
      { kind: 'photo', arrived: false, passed: true },
      { kind: 'age', arrived: true, passed: false },
    ] as const;
    assert.deepEqual(missingOf(stored, shown), ['photo', 'age']);
  });
});

describe('a PIN', () => {
  it('is the same four digits for one delivery, and known only with its key', () => {
    const id = newId('delivery');
    const pin = pins.show(id, 'new');
    assert.match(String(pin), /^\d{4}$/);
    const turned = createPins([
      { kid: 'newer', secret: `${secret} 2` },
      { kid: 'new', secret },
    ]);
    assert.equal(turned.show(id, 'new'), pin);
    assert.equal(turned.kid, 'newer');
    assert.ok(turned.fits(id, 'new', String(pin)));
    assert.equal(pins.show(id, 'retired'), null);
    assert.ok(!pins.fits(id, 'retired', String(pin)));
    assert.ok(!pins.fits(id, 'new', `${pin}0`));
  });
});

describe('an age', () => {
  it('grows on the birthday, not before', () => {
    assert.equal(ageOn('2008-06-15', '2026-06-14'), 17);
    assert.equal(ageOn('2008-06-15', '2026-06-15'), 18);
    assert.equal(ageOn('2008-02-29', '2026-02-28'), 17);
    assert.equal(ageOn('2008-02-29', '2026-03-01'), 18);
  });
});

describe('a file', () => {
  it('is what it begins with, and nothing a browser could run', () => {
    assert.equal(sniff(Buffer.from('\xff\xd8\xff\xe0', 'latin1')), 'image/jpeg');
    assert.equal(sniff(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')), 'image/png');
    assert.equal(sniff(Buffer.from('RIFF1234WEBPVP8 ')), 'image/webp');
    assert.equal(sniff(Buffer.from('%PDF-1.7')), 'application/pdf');
    for (const other of ['<svg', '<html>', 'GIF89a', '', 'RIFF1234WAVE']) {
      assert.equal(sniff(Buffer.from(other)), undefined);
    }
  });
});
