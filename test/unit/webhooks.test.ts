/** The rules of webhooks: where they may go, how they are signed and numbered, when they are repeated. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readWebhook, WebhookError } from '../../client/index.ts';
import { newId } from '../../contracts/ids.ts';
import type { DeliveryChanged, FactVersion } from '../../contracts/messages/deliveries.ts';
import { isPublicAddress, publicLookup, urlProblem } from '../../services/webhooks/addresses.ts';
import { counterKey, numberEvents } from '../../services/webhooks/numbering.ts';
import { backOffMs, restMs } from '../../services/webhooks/retrying.ts';
import { newSecret, signatureOf } from '../../services/webhooks/signing.ts';

describe('where a webhook may go', () => {
  const inside = [
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.0.9', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.168.1.1', '192.0.2.4', '198.18.0.1', '224.0.0.1'],
    ...['255.255.255.255', '::', '::1', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1'],
    ...['::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::', '::127.0.0.1'],
    ...['2001::1', 'fec0::1', 'not an address', ''],
  ];
  const outside = ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '2606:4700::1'];

  it('is the public internet and nothing inside of it', () => {
    assert.deepEqual(inside.filter(isPublicAddress), []);
    assert.deepEqual(outside.filter(isPublicAddress), outside);
  });

  it('is https, a name of the internet or a public address, and no tricks', () => {
    const good = [
      'https://shop.example.com/hook?x=1',
      'https://1.1.1.1/',
      'https://[2606:4700::1]/',
    ];
    const bad = [
      ...['http://shop.example.com/', 'ftp://shop.example.com/', 'nonsense', 'https://localhost/'],
      ...['https://a.localhost./', 'https://10.0.0.1/', 'https://[::1]/', 'https://127.1/'],
      ...[
        'https://2130706433/',
        'https://0x7f.1/',
        'https://[::ffff:7f00:1]/',
        'https://redis:6379',
      ],
      ...['https://me:secret@shop.example.com/', 'https://shop.example.com/#x'],
      ...['https://printer.local/', 'https://metadata.google.internal/', 'javascript:alert(1)'],
    ];
    assert.deepEqual(
      good.filter((url) => urlProblem(url, false) !== undefined),
      [],
    );
    assert.deepEqual(
      bad.filter((url) => urlProblem(url, false) === undefined),
      [],
    );
    assert.equal(urlProblem('http://127.0.0.1:80/', true), undefined);
    assert.notEqual(urlProblem('file:///etc/passwd', true), undefined);
  });

  it('is judged by what the name leads to', async () => {
    const failure = await new Promise((resolve) => {
      publicLookup('localhost', { all: true }, (error) => resolve(error));
    });
    assert.match(String(failure), /private address/);
  });
});

describe('a signature', () => {
  const secret = newSecret();
  const body = JSON.stringify({ version: 1, type: 'ping', note: 'Zwölf Öfen' });
  const nowMs = 1_800_000_000_000;
  const signature = signatureOf([secret], nowMs, body);
  const refused = async (change: object): Promise<unknown> => {
    const check = { body, signature, secret, nowMs, ...change };
    return readWebhook(check).then(
      () => 'believed',
      (error: unknown) => (error instanceof WebhookError ? error.code : error),
    );
  };

  it('is believed for what was signed, as text and as bytes, with either secret of a rotation', async () => {
    assert.deepEqual(await readWebhook({ body, signature, secret, nowMs }), JSON.parse(body));
    const bytes = new TextEncoder().encode(body);
    assert.deepEqual(
      await readWebhook({ body: bytes, signature, secret, nowMs }),
      JSON.parse(body),
    );
    const next = newSecret();
    const both = signatureOf([next, secret], nowMs, body);
    assert.equal(await refused({ signature: both }), 'believed');
    assert.equal(await refused({ signature: both, secret: next }), 'believed');
  });

  it('is not for anything else', async () => {
    assert.equal(await refused({ body: `${body} ` }), 'wrong');
    assert.equal(await refused({ secret: newSecret() }), 'wrong');
    assert.equal(await refused({ signature: signature.replace('t=18', 't=17') }), 'wrong');
    assert.equal(await refused({ signature: undefined }), 'missing');
    for (const text of ['', 'x', 't=1', `v1=${'0'.repeat(64)}`, 't=x,v1=00', ',,,,'.repeat(100)]) {
      assert.notEqual(await refused({ signature: text }), 'believed', text);
    }
  });

  it('is believed for five minutes, either way', async () => {
    assert.equal(await refused({ nowMs: nowMs + 299_000 }), 'believed');
    assert.equal(await refused({ nowMs: nowMs + 301_000 }), 'too_old');
    assert.equal(await refused({ nowMs: nowMs - 301_000 }), 'too_old');
    assert.equal(await refused({ nowMs: nowMs + 301_000, toleranceSeconds: 600 }), 'believed');
  });
});

describe('the time between tries', () => {
  it('grows to an hour and spreads', () => {
    const middle = [1, 2, 3, 9, 10, 11, 50].map((attempts) => backOffMs(attempts, 0.5));
    assert.deepEqual(middle, [5_000, 10_000, 20_000, 1_280_000, 2_560_000, 3_600_000, 3_600_000]);
    assert.deepEqual([backOffMs(1, 0), backOffMs(1, 1)], [4_000, 6_000]);
    assert.deepEqual([9, 10, 11, 30].map(restMs), [0, 1_000, 2_000, 300_000]);
  });
});

describe('numbers', () => {
  const account = newId('account');
  const deliveries = [newId('delivery'), newId('delivery')];
  const listeners = [
    { id: 'a', account, enabled: true },
    { id: 'b', account, enabled: false },
    { id: 'c', account: newId('account'), enabled: true },
  ];
  const event = (at: number, version: FactVersion): DeliveryChanged => ({
    ...{ type: 'delivery.changed', delivery: deliveries[at] ?? '', account, externalId: 'x' },
    ...{ customer: null, zone: newId('zone'), state: 'pending', driver: null, atMs: 1 },
    ...{ reason: null, version },
  });

  it('follow the facts without gaps, per webhook and delivery; what is told is not told again', () => {
    const fact = fc.tuple(fc.nat(1), fc.nat(3), fc.nat(3));
    fc.assert(
      fc.property(fc.array(fc.array(fact, { maxLength: 10 }), { maxLength: 8 }), (batches) => {
        let counters = new Map<string, ReturnType<typeof numberEvents>['counters'][number]>();
        const told = new Map<string, { number: number; version: FactVersion }[]>();
        for (const batch of batches) {
          const events = batch.map(([at, seq, index]) => event(at, [1, seq, index]));
          const result = numberEvents(events, listeners, counters);
          counters = new Map([
            ...counters,
            ...result.counters.map(
              (each) => [counterKey(each.webhook, each.delivery), each] as const,
            ),
          ]);
          for (const { listener, event: each, number } of result.numbered) {
            const key = counterKey(listener.id, each.delivery);
            told.set(key, [...(told.get(key) ?? []), { number, version: each.version }]);
          }
        }
        for (const [key, list] of told) {
          assert.ok(!key.startsWith('c '), 'another account');
          assert.deepEqual(
            list.map(({ number }) => number),
            list.map((_, at) => at + 1),
          );
          const keys = list.map(({ version: [a, b, c] }) => a * 10_000 + b * 100 + c);
          assert.deepEqual(
            keys,
            [...new Set(keys)].sort((x, y) => x - y),
          );
          assert.equal(counters.get(key)?.number, list.length);
        }
      }),
    );
  });
});
