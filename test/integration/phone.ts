/** A Waggle with its engine and its gateway in one process, and a driver's phone that works in it. */
import { createDriverClient, type DriverClient } from '../../client/index.ts';
import type { DeliveryId, DriverId, VehicleId } from '../../contracts/ids.ts';
import { findFreePort } from '../../launch/ports.ts';
import { cleanUpInReverse, type Scope } from '../support/scope.ts';
import { waitFor } from '../support/wait-for.ts';
import { BUSINESS, type Stack, withStack } from './business-stack.ts';
import { CENTRE, type City, expectOk, makeCity } from './city.ts';

const SLOW = { timeoutMs: 30_000 };

export interface Town {
  readonly stack: Stack;
  readonly city: City;
}

/** One city whose deliveries really move. */
export async function withTown(
  scope: Scope,
  env: Readonly<Record<string, string>> = {},
): Promise<Town> {
  const port = await findFreePort();
  const stack = await withStack(scope, [...BUSINESS, 'dispatch', 'gateway', 'api'], {
    WAGGLE_SPEED: '20',
    WAGGLE_GATEWAY_PORT: String(port),
    WAGGLE_PUBLIC_GATEWAY_URL: `ws://127.0.0.1:${port}`,
    ...env,
  });
  return { stack, city: await makeCity(stack) };
}

export interface DriverLogin {
  readonly id: DriverId;
  readonly vehicle: VehicleId;
  readonly email: string;
  readonly token: string;
}

let drivers = 0;

/** Registers a driver; `approve`: ops let it work, and it logs in again for the token that says so. */
export async function registerDriver(
  { stack, city }: Town,
  {
    approve = true,
    ...more
  }: { readonly approve?: boolean; readonly [field: string]: unknown } = {},
): Promise<DriverLogin> {
  const email = `courier-${++drivers}@example.com`;
  const password = 'a long password';
  const body = { email, password, name: 'Dora', vehicles: [{ kind: 'bicycle' }], ...more };
  const made = expectOk(await stack.call('POST', '/drivers', { body }));
  const { id, vehicles } = made.driver as { id: DriverId; vehicles: { id: VehicleId }[] };
  if (approve) {
    const path = `/drivers/${id}/approval`;
    expectOk(await stack.call('PUT', path, { token: city.ops, body: { approved: true } }));
  }
  const session = expectOk(await stack.call('POST', '/auth/login', { body: { email, password } }));
  const { accessToken: token } = session.tokens as { accessToken: string };
  return { id, vehicle: vehicles[0]?.id ?? '', email, token };
}

/** Goes on duty in the middle of the city. */
export async function onDuty(scope: Scope, { stack }: Town, login: DriverLogin) {
  const phone = createDriverClient({ url: stack.config.gateway.publicUrl, token: login.token });
  cleanUpInReverse(scope, () => phone.close());
  await phone.connect();
  await phone.goOnDuty({ vehicle: login.vehicle, at: CENTRE });
  await waitFor(() => phone.view?.duty === 'available', SLOW);
  return phone;
}

/** Accepts the offer of this delivery and carries it to the customer's door. */
export async function carryToDoor(phone: DriverClient, delivery: DeliveryId): Promise<void> {
  const offer = await waitFor(
    () => (phone.view?.offer?.deliveries.includes(delivery) ? phone.view.offer : null),
    { ...SLOW, what: 'the offer' },
  );
  await phone.accept(offer.id);
  await waitFor(() => phone.view?.stops.some((stop) => stop.delivery === delivery), SLOW);
  await phone.arrived(delivery);
  await phone.pickedUp(delivery);
  await phone.arrived(delivery);
}

/** Asks for a delivery from the vendor's door to one nearby. */
export async function askForDelivery(
  { stack, city }: Town,
  body: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly id: DeliveryId; readonly trackingToken: string }> {
  const dropoff = { lat: CENTRE.lat + 0.004, lon: CENTRE.lon };
  const asked = { externalId: `shop-${Math.random()}`, pickup: CENTRE, dropoff, readyInSeconds: 0 };
  const made = expectOk(
    await stack.call('POST', '/deliveries', { token: city.ops, body: { ...asked, ...body } }),
  );
  const { id } = made.delivery as { id: DeliveryId };
  return { id, trackingToken: String(made.trackingToken) };
}

/** Waits until the record says so. */
export function untilState({ stack, city }: Town, id: DeliveryId, state: string): Promise<unknown> {
  return waitFor(
    async () => {
      const { body } = await stack.call('GET', `/deliveries/${id}`, { token: city.ops });
      return body.state === state ? body : null;
    },
    { ...SLOW, what: `${id} ${state}` },
  );
}
