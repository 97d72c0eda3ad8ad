/** Proof of delivery, with the gateway as a phone: PIN, photo, signature, age, and what is missing. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { DriverClient } from '../../client/index.ts';
import type { DeliveryId } from '../../contracts/ids.ts';
import { openDatabase } from '../../platform/database.ts';
import { FORGETTING } from '../../services/deliveries/erasure.ts';
import { eraseNow } from '../support/erasure.ts';
import { sharedScope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Answer } from './business-stack.ts';
import { expectOk, register } from './city.ts';
import {
  askForDelivery,
  carryToDoor,
  type DriverLogin,
  onDuty,
  registerDriver,
  type Town,
  untilState,
  withTown,
} from './phone.ts';

const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(200, 1)]);
const scope = sharedScope();

let town: Town;
let driver: DriverLogin;
let phone: DriverClient;

function show(id: DeliveryId, body: object, token = driver.token): Promise<Answer> {
  return town.stack.call('POST', `/deliveries/${id}/proofs`, { token, body });
}

async function proofsOf(id: DeliveryId, token = town.city.ops): Promise<Record<string, unknown>> {
  return expectOk(await town.stack.call('GET', `/deliveries/${id}/proofs`, { token }));
}

function put(url: unknown, body: Buffer, type = 'image/jpeg'): Promise<Response> {
  return fetch(String(url), {
    method: 'PUT',
    headers: { 'content-type': type },
    body: new Uint8Array(body),
  });
}

/** Makes it the delivery of a customer, as those of orders are. */
async function ownedBy(id: DeliveryId, customer: string): Promise<void> {
  const { config, call } = town.stack;
  const me = expectOk(await call('GET', '/me', { token: customer }));
  const database = openDatabase('deliveries', config.database.deliveries);
  await database.knex('deliveries').where({ id }).update({ customer: me.id });
  await database.close();
}

/** Exceptions of the kind about this delivery. */
async function marks(id: DeliveryId, open = true): Promise<Record<string, unknown>[]> {
  const path = `/exceptions?kind=proof_missing&open=${open}`;
  const { items } = expectOk(await town.stack.call('GET', path, { token: town.city.ops }));
  return (items as Record<string, unknown>[]).filter(({ delivery }) => delivery === id);
}

describe('proof of delivery', () => {
  before(async () => {
    town = await withTown(scope);
    driver = await registerDriver(town);
    phone = await onDuty(scope, town, driver);
  });

  test('the customer says the PIN of the tracking page; wrong ones are told and bounded', async () => {
    const { id, trackingToken } = await askForDelivery(town, { proof: { pin: true } });
    const track = async (): Promise<Record<string, unknown>> =>
      expectOk(await town.stack.call('GET', `/track/${trackingToken}`));
    const { pin } = await track();
    assert.match(String(pin), /^\d{4}$/);
    assert.equal((await proofsOf(id)).pin, null, 'not for ops');
    await ownedBy(id, town.city.customer);
    assert.equal((await proofsOf(id, town.city.customer)).pin, pin);
    await carryToDoor(phone, id);
    await untilState(town, id, 'at_dropoff');
    const wrong = String((Number(pin) + 1) % 10_000).padStart(4, '0');
    const first = await show(id, { kind: 'pin', pin: wrong });
    assert.deepEqual([first.status, first.body.code], [422, 'proof.pin_wrong']);
    assert.equal(first.body.detail, '4 more tries');
    for (let n = 0; n < 4; n++) await show(id, { kind: 'pin', pin: wrong });
    const locked = await show(id, { kind: 'pin', pin });
    assert.deepEqual([locked.status, locked.body.code], [409, 'proof.pin_locked']);
    const unlock = `/deliveries/${id}/proofs/unlock`;
    expectOk(await town.stack.call('POST', unlock, { token: town.city.ops, body: {} }));
    expectOk(await show(id, { kind: 'pin', pin }));
    expectOk(await show(id, { kind: 'pin', pin: wrong }));
    assert.deepEqual((await proofsOf(id)).missing, []);
    await phone.delivered(id);
    await untilState(town, id, 'delivered');
    assert.equal((await track()).pin, null, 'it has served');
    assert.deepEqual(await marks(id), []);
  });

  test('a photo goes to a signed URL; what is no such image, too large or repeated is refused', async () => {
    const { id } = await askForDelivery(town, { proof: { photo: true, signature: true } });
    await carryToDoor(phone, id);
    await untilState(town, id, 'at_dropoff');
    const asked = { kind: 'photo', contentType: 'image/jpeg', bytes: JPEG.length };
    const { upload } = expectOk(await show(id, asked)) as { upload: { url: string } };
    assert.equal((await put(upload.url, Buffer.from('<html><script>'))).status, 422);
    assert.equal((await put(upload.url, JPEG, 'text/html')).status, 422);
    assert.equal((await put(upload.url, Buffer.concat([JPEG, JPEG]))).status, 413);
    assert.equal((await put(`${upload.url.slice(0, -4)}AAAA`, JPEG)).status, 401);
    assert.equal((await fetch(upload.url)).status, 403, 'it may only be written');
    assert.deepEqual((await proofsOf(id)).missing, ['photo', 'signature']);
    const asksFirst = await fetch(upload.url, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'PUT' },
    });
    assert.equal(asksFirst.headers.get('access-control-allow-origin'), '*', 'an app in a browser');
    assert.equal((await put(upload.url, JPEG)).status, 204);
    const other = Buffer.concat([JPEG.subarray(0, 100), Buffer.alloc(104, 9)]);
    assert.equal((await put(upload.url, other)).status, 204, 'a repeat changes nothing');
    const { items, missing } = await proofsOf(id);
    assert.deepEqual(missing, ['signature']);
    const [photo] = items as { url: string }[];
    const shown = await fetch(String(photo?.url));
    assert.deepEqual(Buffer.from(await shown.arrayBuffer()), JPEG);
    assert.equal(shown.headers.get('content-disposition'), 'attachment');
    assert.match(String(shown.headers.get('content-security-policy')), /sandbox/);
    const mine = await proofsOf(id, driver.token);
    assert.deepEqual((mine.items as { url: unknown }[])[0]?.url, null);
    assert.equal((await show(id, { ...asked, contentType: 'text/html' })).status, 422);
    assert.equal((await show(id, { ...asked, bytes: 99_000_000 })).status, 422);

    // Handed over without the signature: taken, and ops see it until it comes after all.
    await phone.delivered(id);
    await untilState(town, id, 'delivered');
    const [mark] = await waitFor(async () => {
      const found = await marks(id);
      return found.length === 1 ? found : null;
    });
    assert.equal(mark?.driver, driver.id);
    const late = expectOk(await show(id, { ...asked, kind: 'signature' }));
    await put((late.upload as { url: string }).url, JPEG);
    assert.deepEqual(await marks(id), []);
    assert.equal((await marks(id, false))[0]?.closedBy, 'cleared');
  });

  test('who is too young gets nothing: it goes back to the vendor, with a proof there', async () => {
    const { id } = await askForDelivery(town, { proof: { ageMin: 18 } });
    await carryToDoor(phone, id);
    await untilState(town, id, 'at_dropoff');
    assert.equal((await show(id, { kind: 'age' })).status, 422);
    const year = new Date().getUTCFullYear();
    const young = expectOk(await show(id, { kind: 'age', birthDate: `${year - 12}-01-01` }));
    assert.deepEqual(young.next, {
      ...{ deed: 'undeliverable', code: 'age_check_failed', fault: 'customer' },
    });
    assert.ok(!JSON.stringify(await proofsOf(id)).includes(String(year - 12)), 'never stored');
    const acted = await phone.undeliverable(id, 'age_check_failed', 'customer');
    assert.equal(acted.refused, undefined);
    await waitFor(() => phone.view?.stops[0]?.kind === 'return');
    await untilState(town, id, 'returning');
    const asked = { kind: 'photo', contentType: 'image/jpeg', bytes: JPEG.length, place: 'return' };
    const { upload } = expectOk(await show(id, asked)) as { upload: { url: string } };
    assert.equal((await put(upload.url, JPEG)).status, 204);
    assert.equal((await phone.arrived(id)).refused, undefined);
    assert.equal((await phone.returned(id)).refused, undefined);
    const ended = (await untilState(town, id, 'returned')) as { reason: unknown };
    assert.deepEqual(ended.reason, {
      ...{ code: 'age_check_failed', stage: 'returning', fault: 'customer' },
    });
    assert.deepEqual(await marks(id), [], 'nothing was handed over');
    const { items } = await proofsOf(id);
    assert.deepEqual(
      (items as Record<string, unknown>[]).map(({ kind, place, arrived }) => [
        kind,
        place,
        arrived,
      ]),
      [
        ['age', 'dropoff', true],
        ['photo', 'return', true],
      ],
    );
  });

  test('what was shown at the door of a customer goes with the customer', async () => {
    const dropoffNote = 'ring at Miller';
    const { id } = await askForDelivery(town, { dropoffNote, proof: { photo: true } });
    const customer = await register(town.stack, 'customer');
    await ownedBy(id, customer);
    await carryToDoor(phone, id);
    await untilState(town, id, 'at_dropoff');
    const asked = { kind: 'photo', contentType: 'image/jpeg', bytes: JPEG.length };
    const { upload } = expectOk(await show(id, asked)) as { upload: { url: string } };
    await put(upload.url, JPEG);
    await phone.delivered(id);
    await untilState(town, id, 'delivered');
    const [photo] = (await proofsOf(id)).items as { url: string }[];
    assert.equal((await fetch(String(photo?.url))).status, 200);
    const gone = await town.stack.call('POST', '/me/deletion', {
      token: customer,
      body: { password: 'a long password' },
    });
    assert.ok(gone.status < 300, JSON.stringify(gone.body));
    const database = openDatabase('deliveries', town.stack.config.database.deliveries);
    await waitFor(async () => {
      await eraseNow(database, FORGETTING);
      return ((await proofsOf(id)).items as unknown[]).length === 0;
    });
    await database.close();
    assert.equal((await put(upload.url, JPEG)).status, 404, 'nor does it come back');
    assert.equal((await fetch(String(photo?.url))).status, 404);
  });

  test('only the driver who has it may show anything', async () => {
    const { id } = await askForDelivery(town, { proof: { pin: true } });
    const other = await registerDriver(town);
    assert.equal((await show(id, { kind: 'pin', pin: '1234' }, other.token)).status, 404);
    await carryToDoor(phone, id);
    await untilState(town, id, 'at_dropoff');
    assert.equal((await show(id, { kind: 'pin', pin: '1234' }, other.token)).status, 404);
    const path = `/deliveries/${id}/proofs`;
    assert.equal((await town.stack.call('GET', path, { token: other.token })).status, 404);
    assert.equal((await town.stack.call('GET', path, { token: town.city.customer })).status, 404);
    await phone.delivered(id);
  });
});
