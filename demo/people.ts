/**
 * Prepares the stage through REST as an operator would: market, zones, vendors, customers and
 * couriers. What an earlier run has made is found again by its name and used; nothing is kept in
 * files. Bounded: a fixed number of calls at once.
 */
import type { Driver, DriverList, DriverSession } from '../contracts/api/drivers.ts';
import type { Market, MarketList } from '../contracts/api/markets.ts';
import type { Session as SessionBody, User } from '../contracts/api/users.ts';
import type { Vendor, VendorList } from '../contracts/api/vendors.ts';
import type { Zone, ZoneList } from '../contracts/api/zones.ts';
import type { DriverId, VehicleId } from '../contracts/ids.ts';
import { openShop, type Shop } from './menus.ts';
import { eachBounded, pause, type Rest, RestError } from './rest.ts';
import type { Scenario, ScenarioCourier, ScenarioZone } from './scenario.ts';
import { credentialsOf, Session } from './session.ts';

const PAGE = 200;
const PREPARE_WIDTH = 8;
const ZONE_OPEN_MS_MAX = 30_000;
const CUSTOMERS = 12;
/** No order of a recorded day is refused for its way. */
const KM_MAX = 1_000;

export interface Hired {
  readonly driver: DriverId;
  readonly vehicle: VehicleId;
  readonly session: Session;
}

export interface Stage {
  readonly shops: readonly Shop[];
  readonly customers: readonly Session[];
  /** Things the reader should know, one line each. */
  readonly notes: readonly string[];
  /** Makes a courier ready for duty: registers and approves it, or logs it in again. */
  hire(courier: ScenarioCourier): Promise<Hired>;
}

/** Sets the stage for a scenario; couriers are hired one by one later, when their shift comes. */
export async function setStage(rest: Rest, ops: Session, scenario: Scenario): Promise<Stage> {
  const secret = ops.credentials.password;
  const market = await ensureMarket(ops, scenario);
  const notes: string[] = [];
  const [customers, known] = await Promise.all([
    ensureCustomers(rest, secret),
    knownDrivers(ops, scenario),
    ensureZones(ops, scenario, market, notes),
  ]);
  // Menus are in the money of the market, which a vendor has once its zone is there.
  const shops = await ensureVendors(ops, scenario);
  const hire = async (courier: ScenarioCourier): Promise<Hired> => {
    const name = personName(scenario, courier.key);
    const session = new Session(rest, credentialsOf(secret, name));
    const driver = known.get(name) ?? (await register(rest, ops, session, name, courier));
    const vehicle = driver.vehicles.find((each) => each.kind === courier.vehicle);
    if (!vehicle) throw new Error(`${name} has no ${courier.vehicle}`);
    if (!driver.approved) await approve(ops, session, driver.id);
    return { driver: driver.id, vehicle: vehicle.id, session };
  };
  return { shops, customers, notes, hire };
}

function personName(scenario: Scenario, key: string): string {
  return `${scenario.name} courier ${key}`;
}

async function ensureMarket(ops: Session, scenario: Scenario): Promise<Market> {
  const { items } = await ops.call<MarketList>({ method: 'GET', path: '/markets' });
  const found = items.find((market) => market.name === scenario.market.name);
  const body = { ...scenario.market, deliveryPrice: { kmMax: KM_MAX } };
  return found ?? ops.call<Market>({ method: 'POST', path: '/markets', body });
}

async function listZones(ops: Session): Promise<ZoneList['items']> {
  return (await ops.call<ZoneList>({ method: 'GET', path: '/zones' })).items;
}

async function ensureZones(
  ops: Session,
  scenario: Scenario,
  market: Market,
  notes: string[],
): Promise<void> {
  const existing = await listZones(ops);
  await eachBounded(scenario.zones, PREPARE_WIDTH, async (wanted) => {
    const zone = existing.find((each) => each.name === wanted.name);
    if (!zone) await createZone(ops, market, wanted);
    else if (differs(zone, wanted)) {
      await changeZone(ops, zone, wanted);
      notes.push(`zone ${zone.name} had the policy of an earlier run; it has this run's now`);
    }
  });
  const deadline = performance.now() + ZONE_OPEN_MS_MAX;
  const names = new Set(scenario.zones.map((zone) => zone.name));
  for (;;) {
    const closed = (await listZones(ops)).filter((zone) => names.has(zone.name) && !zone.open);
    if (closed.length === 0) return;
    if (performance.now() > deadline) throw new Error(`zone ${closed[0]?.name} did not open`);
    await pause(50);
  }
}

async function createZone(ops: Session, market: Market, wanted: ScenarioZone): Promise<void> {
  const polygon = { type: 'Polygon', coordinates: [wanted.ring] };
  const body = { market: market.id, name: wanted.name, polygon, policy: wanted.policy };
  await ops.call<Zone>({ method: 'POST', path: '/zones', body });
}

/** A change that the log has not confirmed yet (409) gets its time. */
async function changeZone(ops: Session, zone: Zone, wanted: ScenarioZone): Promise<void> {
  const path = `/zones/${zone.id}`;
  const body = { policy: wanted.policy, reason: 'this run of the demo wants another policy' };
  const deadline = performance.now() + ZONE_OPEN_MS_MAX;
  for (;;) {
    try {
      await ops.call<Zone>({ method: 'PATCH', path, body });
      return;
    } catch (error) {
      const isInBetween = error instanceof RestError && error.status === 409;
      if (!isInBetween || performance.now() > deadline) throw error;
    }
    await pause(100);
  }
}

/** Whether what the scenario wants is not what the zone has; what it does not name is no matter. */
function differs(zone: ZoneList['items'][number], wanted: ScenarioZone): boolean {
  return !contains(zone.policy, wanted.policy);
}

function contains(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return whole === part;
  if (typeof whole !== 'object' || whole === null) return false;
  const fields = whole as Readonly<Record<string, unknown>>;
  return Object.entries(part).every(([key, value]) => contains(fields[key], value));
}

/** Reads every page of a list. */
async function readAll<T>(ops: Session, path: string): Promise<T[]> {
  const all: T[] = [];
  let next: string | null = null;
  do {
    const cursor: string = next === null ? '' : `&cursor=${encodeURIComponent(next)}`;
    const page: { items: T[]; next: string | null } = await ops.call({
      method: 'GET',
      path: `${path}?limit=${PAGE}${cursor}`,
    });
    all.push(...page.items);
    next = page.next;
  } while (next !== null);
  return all;
}

async function ensureVendors(ops: Session, scenario: Scenario): Promise<Shop[]> {
  const existing = await readAll<VendorList['items'][number]>(ops, '/vendors');
  const byName = new Map(existing.map((vendor) => [vendor.name, vendor.id]));
  const shops: Shop[] = [];
  await eachBounded(scenario.vendors.entries(), PREPARE_WIDTH, async ([index, vendor]) => {
    const name = `${scenario.name}: ${vendor.name}`;
    const { timeZone } = scenario.market;
    const place = { lat: vendor.at.lat, lon: vendor.at.lon };
    const found = byName.get(name);
    const { cuisine } = vendor;
    const body = {
      ...{ name, place, timeZone },
      ...(cuisine === undefined ? {} : { kind: 'restaurant', cuisines: [cuisine] }),
    };
    const id = found ?? (await ops.call<Vendor>({ method: 'POST', path: '/vendors', body })).id;
    const { trade } = scenario;
    if (trade !== null) await setHands(ops, id, index % trade.byHandEvery === 0);
    shops[index] = await openShop(ops, {
      ...{ id, name: vendor.name, isNew: found === undefined },
      specials: trade?.specials ?? 0,
    });
  });
  return shops;
}

/** Whether its people answer tickets by hand. */
async function setHands(ops: Session, id: string, byHand: boolean): Promise<void> {
  const body = { autoAccept: !byHand };
  await ops.call<Vendor>({ method: 'PATCH', path: `/vendors/${id}`, body });
}

async function ensureCustomers(rest: Rest, secret: string): Promise<Session[]> {
  const customers = Array.from(
    { length: CUSTOMERS },
    (_, index) => new Session(rest, credentialsOf(secret, `customer ${index + 1}`)),
  );
  await eachBounded(customers.entries(), PREPARE_WIDTH, async ([index, session]) => {
    if (await session.isKnown()) return;
    const body = { ...session.credentials, name: `Customer ${index + 1}` };
    const answer = await rest.ask({ method: 'POST', path: '/auth/register', body });
    if (answer.status === 201) session.take((answer.body as SessionBody).tokens);
    else if (answer.status === 409) await session.token();
    else throw new RestError('POST /auth/register', answer.status, answer.body as object);
  });
  return customers;
}

type KnownDriver = Pick<Driver, 'id' | 'vehicles' | 'approved'>;

async function knownDrivers(ops: Session, scenario: Scenario): Promise<Map<string, KnownDriver>> {
  const all = await readAll<DriverList['items'][number]>(ops, '/drivers');
  const prefix = personName(scenario, '');
  const ours = all.filter((driver) => driver.name.startsWith(prefix));
  return new Map(ours.map((driver) => [driver.name, driver]));
}

async function register(
  rest: Rest,
  ops: Session,
  session: Session,
  name: string,
  courier: ScenarioCourier,
): Promise<KnownDriver> {
  const body = { ...session.credentials, name, vehicles: [{ kind: courier.vehicle }] };
  const answer = await rest.ask({ method: 'POST', path: '/drivers', body });
  if (answer.status === 201) {
    const { driver, tokens } = answer.body as DriverSession;
    session.take(tokens);
    return driver;
  }
  if (answer.status !== 409) {
    throw new RestError('POST /drivers', answer.status, answer.body as object);
  }
  // An answer that was lost: the driver exists, and says who it is.
  const me = await session.call<User>({ method: 'GET', path: '/me' });
  if (me.driver === null) throw new Error(`${name} is not a driver`);
  return ops.call<Driver>({ method: 'GET', path: `/drivers/${me.driver}` });
}

async function approve(ops: Session, session: Session, driver: DriverId): Promise<void> {
  const body = { approved: true };
  await ops.call<Driver>({ method: 'PUT', path: `/drivers/${driver}/approval`, body });
  await session.renew();
}
