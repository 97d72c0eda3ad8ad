import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeLoc, encodeLoc, LocDecoder, type LocFrame } from '../../contracts/wire/loc-frame.ts';
import type { ClientMessage } from '../../contracts/wire/messages.ts';
import { decodePos, encodePos, type PosUpdate } from '../../contracts/wire/pos-frame.ts';
import { readClientMessage } from '../../contracts/wire/read-message.ts';

function golden<T>(name: string): T {
  const url = new URL(`../golden/wire/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface LocVectors {
  readonly frames: readonly { name: string; hex: string; frame: LocFrame }[];
  readonly refused: readonly { name: string; hex: string; problem: string }[];
}

describe('the LOC frame', () => {
  const { frames, refused } = golden<LocVectors>('loc');

  for (const { name, hex, frame } of frames) {
    it(`is written and read as in the golden vector: ${name}`, () => {
      assert.equal(hexOf(encodeLoc(frame)), hex);
      assert.deepEqual(decodeLoc(bytesOf(hex)), frame);
    });
  }

  for (const { name, hex, problem } of refused) {
    it(`is refused as in the golden vector: ${name}`, () => {
      assert.equal(new LocDecoder().decode(bytesOf(hex)), problem);
    });
  }

  const point = fc.record(
    {
      latE7: fc.integer({ min: -900_000_000, max: 900_000_000 }),
      lonE7: fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
      deviceMs: fc.integer({ min: 1_795_000_000_000, max: 1_796_000_000_000 }),
      mock: fc.constant(true),
      accuracyMeters: fc.integer({ min: 0, max: 0xffff_ffff }),
      speedCmps: fc.integer({ min: 0, max: 0xffff_ffff }),
      headingDegrees: fc.integer({ min: 0, max: 359 }),
    },
    { requiredKeys: ['latE7', 'lonE7', 'deviceMs'], noNullPrototype: true },
  );
  const frame = fc.record(
    {
      kind: fc.constantFrom('live' as const, 'backlog' as const),
      session: fc.maxSafeNat(),
      seq: fc.integer({ min: 0, max: 0xffff_ffff }),
      sentMs: fc.integer({ min: 1_795_000_000_000, max: 1_796_000_000_000 }),
      points: fc.array(point, { minLength: 1, maxLength: 64 }),
    },
    { noNullPrototype: true },
  );

  it('comes back as it went', () => {
    const decoderIsReused = new LocDecoder();
    fc.assert(
      fc.property(frame, (each) => {
        const bytes = encodeLoc(each);
        assert.equal(decoderIsReused.decode(bytes), null);
        assert.deepEqual(decodeLoc(bytes), each);
      }),
    );
  });

  it('is never taken when a byte is missing or added, and no bytes make the decoder throw', () => {
    const decoder = new LocDecoder();
    fc.assert(
      fc.property(frame, fc.nat(), (each, at) => {
        const bytes = encodeLoc(each);
        assert.notEqual(decoder.decode(bytes.subarray(0, at % bytes.length)), null);
        assert.equal(decoder.decode(new Uint8Array([...bytes, 0])), 'trailing');
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(1, 2), (bytes, type) => {
        if (bytes.length > 1) bytes.set([type, 1 + ((bytes[1] ?? 0) % 64)]);
        decoder.decode(bytes);
      }),
    );
  });

  it('holds 1 to 64 points', () => {
    const points = Array.from({ length: 65 }, () => ({ latE7: 0, lonE7: 0, deviceMs: 0 }));
    const base = { kind: 'live', session: 1, seq: 1, sentMs: 0 } as const;
    assert.throws(() => encodeLoc({ ...base, points }), RangeError);
    assert.throws(() => encodeLoc({ ...base, points: [] }), RangeError);
  });
});

describe('the POS frame', () => {
  const { frames } = golden<{ frames: { name: string; hex: string; updates: PosUpdate[] }[] }>(
    'pos',
  );

  for (const { name, hex, updates } of frames) {
    it(`is written and read as in the golden vector: ${name}`, () => {
      assert.equal(hexOf(encodePos(updates)), hex);
      assert.deepEqual(decodePos(bytesOf(hex)), updates);
    });
  }

  it('is refused when its length does not match its count', () => {
    const bytes = bytesOf(frames[1]?.hex ?? '');
    assert.throws(() => decodePos(bytes.subarray(0, -1)), RangeError);
    assert.throws(() => decodePos(new Uint8Array([18, 0, 0, 0])), RangeError);
    assert.throws(() => decodePos(new Uint8Array()), RangeError);
  });
});

describe('messages of clients', () => {
  interface MessageVectors {
    readonly read: readonly ClientMessage[];
    readonly refused: readonly { text: string; malformed?: string; fields?: string[] }[];
  }
  const { read, refused } = golden<MessageVectors>('client-messages');

  it('are read as in the golden vectors', () => {
    for (const message of read) {
      assert.deepEqual(readClientMessage(JSON.stringify(message)), { ok: true, message });
    }
  });

  it('are refused as in the golden vectors, with every wrong field', () => {
    for (const { text, malformed, fields } of refused) {
      const reading = readClientMessage(text);
      assert.ok(!reading.ok, text);
      if (malformed !== undefined) assert.equal(reading.malformed, malformed);
      else if (reading.malformed !== null) assert.fail(text);
      else
        assert.deepEqual(
          reading.fields.map((each) => each.field),
          fields,
        );
    }
  });

  it('may have fields nobody knows yet', () => {
    const reading = readClientMessage('{"t":"ack","view":3,"later":{"a":1}}');
    assert.deepEqual(reading, { ok: true, message: { t: 'ack', view: 3 } });
  });

  it('never make the reader throw, whatever they are', () => {
    const types = ['hello', 'reauth', 'sub', 'unsub', 'view', 'act', 'ack', 'ping'];
    const object = fc.dictionary(
      fc.constantFrom('token', 'id', 'cells', 'action', 'deed', 'kind', 'at', 'holds', 'since'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...types), object, (t, fields) => {
        readClientMessage(JSON.stringify({ ...fields, t }));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(readClientMessage(text).ok, false);
      }),
    );
  });
});
