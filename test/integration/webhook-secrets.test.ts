/** Secrets of webhooks at rest: never in the clear, sealed anew under a newer key, and still signing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebhookId } from '../../contracts/ids.ts';
import { openDatabase } from '../../platform/database.ts';
import { createSecretBox, type SealingKey } from '../../platform/secret-box.ts';
import { placeOf, sealAnew } from '../../services/webhooks/sealing.ts';
import { cleanUpInReverse } from '../support/scope.ts';
import { withStack } from './business-stack.ts';
import { expectOk, register } from './city.ts';
import { startReceiver } from './webhook-receiver.ts';

test('secrets are sealed in the table, also those of before, and sealed anew by a newer key', async (t) => {
  const stack = await withStack(t, ['users', 'webhooks', 'api'], {
    WAGGLE_WEBHOOK_INSECURE: 'allow',
  });
  const database = openDatabase('webhooks', stack.config.database.webhooks);
  cleanUpInReverse(t, () => database.close());
  const receiver = await startReceiver(t);
  const token = await register(stack, 'vendor');
  const call = async (path: string, body: object): Promise<Record<string, unknown>> =>
    expectOk(await stack.call('POST', `/webhooks${path}`, { token, body }));
  const made = await call('', { url: receiver.url });
  const id = made.id as WebhookId;
  const rowOf = () => database.knex('webhooks').where({ id }).first();
  const pinged = async (secret: unknown): Promise<boolean | undefined> => {
    receiver.secret = String(secret);
    await call(`/${id}/ping`, {});
    return receiver.received.at(-1)?.isSigned;
  };

  const rotated = await call(`/${id}/rotate`, { overlapSeconds: 3_600 });
  for (const text of Object.values(await rowOf())) {
    assert.ok(text !== made.secret && text !== rotated.secret, 'in the clear');
  }
  assert.deepEqual([await pinged(made.secret), await pinged(rotated.secret)], [true, true]);

  const key = { kid: 'next', secret: Buffer.alloc(32, 'n').toString('base64') };
  const keys: readonly SealingKey[] = stack.config.secrets.keys;
  const [first, ...rest] = [key, ...keys];
  assert.ok(first);
  const next = createSecretBox([first, ...rest]);
  assert.equal(await sealAnew(database, next), false);
  const { secret, previous_secret: previous } = await rowOf();
  assert.ok([secret, previous].every((text: string) => text.startsWith('enc1.next.')));
  const alone = createSecretBox([key]);
  assert.deepEqual(
    [secret, previous].map((text: string) => alone.open(text, placeOf(id))),
    [rotated.secret, made.secret],
  );
  const ping = await call(`/${id}/ping`, {});
  assert.deepEqual([ping.outcome, ping.error], ['blocked', 'the secret cannot be read: rotate it']);

  // A row of before secrets were sealed.
  const plain = { secret: String(made.secret), previous_secret: null };
  await database.knex('webhooks').where({ id }).update(plain);
  assert.equal(await pinged(made.secret), true);
  await sealAnew(database, createSecretBox(stack.config.secrets.keys));
  assert.match((await rowOf()).secret, /^enc1\.test\./);
  assert.equal(await pinged(made.secret), true);
});
