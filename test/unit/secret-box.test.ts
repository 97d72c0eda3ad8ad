/** Sealed secrets: opened with their key and at their place only, and under each key of a rotation. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createSecretBox, type SealingKey } from '../../platform/secret-box.ts';

const keyOf = (kid: string, byte: number): SealingKey => ({
  kid,
  secret: Buffer.alloc(32, byte).toString('base64'),
});
const [old, fresh] = [keyOf('old_1', 1), keyOf('new-2', 2)];
const box = createSecretBox([old]);

describe('a sealed secret', () => {
  test('comes back as it was, whatever it is, and never looks the same twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (plain, place) => {
        const sealed = box.seal(plain, place);
        assert.equal(box.open(sealed, place), plain.toWellFormed());
        assert.notEqual(box.seal(plain, place), sealed);
        assert.match(sealed, /^enc1\.old_1\.[A-Za-z0-9_-]+$/);
      }),
    );
  });

  test('cannot be opened elsewhere, changed, cut short, or with another key', () => {
    const sealed = box.seal('whs_secret', 'webhook 1');
    assert.throws(() => box.open(sealed, 'webhook 2'));
    for (let at = box.prefix.length; at < sealed.length; at++) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
      // The last letter may hold bits that are not part of any byte.
      if (at < sealed.length - 1) assert.throws(() => box.open(changed, 'webhook 1'));
      assert.throws(() => box.open(sealed.slice(0, at), 'webhook 1'));
    }
    assert.throws(() => createSecretBox([fresh]).open(sealed, 'webhook 1'), /no key old_1/);
    assert.throws(() => createSecretBox([{ ...fresh, kid: 'old_1' }]).open(sealed, 'webhook 1'));
  });

  test('opens while its key is kept; the first key seals', () => {
    const both = createSecretBox([fresh, old]);
    assert.equal(both.open(box.seal('a', 'x'), 'x'), 'a');
    assert.ok(both.seal('a', 'x').startsWith('enc1.new-2.'));
  });

  test('of before there was a key is what it is', () => {
    assert.equal(box.open('whs_plain', 'x'), 'whs_plain');
  });
});
