/**
 * Owns a made-up city of shops as large as New York's: what `vendors` and `catalog` would have told of
 * them. Deterministic: one seed, one city.
 */
import type { Vendor } from '../../contracts/api/vendors.ts';
import { derivedId, type ProductId, type VendorId } from '../../contracts/ids.ts';
import type { MenuChanged, ProductSummary } from '../../contracts/messages/catalog.ts';
import type { VendorChanged } from '../../contracts/messages/vendors.ts';
import { seededRandom } from './city.ts';
import * as names from './search-names.ts';

/** New York's bounding box. */
const BOX = { south: 40.5, north: 40.92, west: -74.26, east: -73.7 } as const;
const HUBS = 40;
const HUB_PART = 0.6;
const HUB_SPREAD_DEGREES = 0.015;
const CHAIN_PART = 0.05;
const CHAINS = 40;
const SHOP_PART = 0.12;
const POLYGON_PART = 0.1;
const PRODUCTS_MIN = 4;
const PRODUCTS_MAX = 16;
const BORN_MS = Date.UTC(2026, 0, 1);

export interface CityShop {
  readonly vendor: VendorChanged;
  readonly menu: MenuChanged;
}

interface Draw {
  next(): number;
  pick<T>(from: readonly T[]): T;
  between(least: number, most: number): number;
}

function drawing(seed: number): Draw {
  const next = seededRandom(seed);
  return {
    next,
    pick: <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
  };
}

/** A point where people are: near a centre more often than not. */
export function cityPlaces(seed: number): () => { readonly lat: number; readonly lon: number } {
  const hubRandom = drawing(7);
  const anywhere = (draw: Draw) => ({
    lat: BOX.south + draw.next() * (BOX.north - BOX.south),
    lon: BOX.west + draw.next() * (BOX.east - BOX.west),
  });
  const hubs = Array.from({ length: HUBS }, () => anywhere(hubRandom));
  const draw = drawing(seed);
  const within = (value: number, least: number, most: number): number =>
    Math.round(Math.min(most, Math.max(least, value)) * 1e7) / 1e7;
  return () => {
    const uniform = anywhere(draw);
    const hub = draw.pick(hubs);
    const radius = HUB_SPREAD_DEGREES * Math.sqrt(-2 * Math.log(1 - draw.next()));
    const angle = 2 * Math.PI * draw.next();
    const isUniform = draw.next() >= HUB_PART;
    const lat = isUniform ? uniform.lat : hub.lat + radius * Math.cos(angle);
    const lon = isUniform ? uniform.lon : hub.lon + radius * 1.3 * Math.sin(angle);
    return { lat: within(lat, BOX.south, BOX.north), lon: within(lon, BOX.west, BOX.east) };
  };
}

/** So many shops, one after the other. */
export function* cityShops(count: number, seed = 1): Generator<CityShop> {
  const draw = drawing(seed);
  const place = cityPlaces(seed + 1);
  const families = Array.from({ length: 6_000 }, () => names.familyName(draw.next));
  const chains = Array.from({ length: CHAINS }, () => shopName(draw, families, 'american'));
  for (let n = 0; n < count; n++) {
    const isShop = draw.next() < SHOP_PART;
    const cuisine = isShop ? null : draw.pick(Object.keys(names.CUISINES));
    const isChain = draw.next() < CHAIN_PART;
    const name = isChain ? draw.pick(chains) : shopName(draw, families, cuisine);
    const id = derivedId('vendor', { atMs: BORN_MS + n, zoneHash: seed, counter: n }) as VendorId;
    const vendor = vendorOf(draw, { id, name, cuisine, place: place() });
    yield {
      vendor: { type: 'vendor.changed', vendor, version: 1 },
      menu: menuOf(draw, id, cuisine, { seed, first: n * 100 }),
    };
  }
}

function shopName(draw: Draw, families: readonly string[], cuisine: string | null): string {
  const places = cuisine === null ? names.SHOP_PLACES : (names.CUISINES[cuisine]?.places ?? []);
  const place = draw.pick(places);
  const adjective = draw.pick(names.ADJECTIVES);
  const noun = draw.pick(names.NOUNS);
  const family = draw.pick(families);
  const district = draw.pick(names.DISTRICTS);
  return draw.pick([
    `${family}'s ${place}`,
    `${adjective} ${noun} ${place}`,
    `${district} ${noun} ${place}`,
    `${family} & ${draw.pick(families)}`,
    `The ${adjective} ${noun}`,
    `Café ${family}`,
    `${family} ${place} ${district}`,
  ]);
}

interface Kept {
  readonly id: VendorId;
  readonly name: string;
  readonly cuisine: string | null;
  readonly place: { readonly lat: number; readonly lon: number };
}

const HOURS = [
  [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00' }],
  [{ days: [1, 2, 3, 4, 5, 6, 7], from: '11:00', to: '23:00' }],
  [{ days: [1, 2, 3, 4, 5], from: '07:00', to: '16:00' }],
  [{ days: [2, 3, 4, 5, 6, 7], from: '17:00', to: '02:00' }],
  [
    { days: [1, 2, 3, 4, 5, 6], from: '11:30', to: '14:30' },
    { days: [1, 2, 3, 4, 5, 6], from: '17:30', to: '22:30' },
  ],
];

function vendorOf(draw: Draw, { id, name, cuisine, place }: Kept): Vendor {
  const count = Math.floor(draw.next() ** 3 * 2_000);
  const radiusMeters = draw.between(15, 60) * 100;
  const isPolygon = draw.next() < POLYGON_PART;
  const second = draw.next() < 0.2 ? [draw.pick(Object.keys(names.CUISINES))] : [];
  const cuisines = cuisine === null ? [] : [...new Set([cuisine, ...second])];
  return {
    id,
    account: derivedId('account', { atMs: BORN_MS, zoneHash: 1, counter: 1 }),
    name,
    place,
    timeZone: 'America/New_York',
    hours: draw.pick(HOURS),
    prepareSeconds: draw.between(5, 40) * 60,
    pickupNote: null,
    phone: null,
    createdAt: new Date(BORN_MS).toISOString(),
    kind: cuisine === null ? draw.pick(['grocery', 'pharmacy', 'shop'] as const) : 'restaurant',
    state: draw.next() < 0.01 ? 'suspended' : 'approved',
    stateReason: null,
    description: '',
    cuisines,
    tags: draw.next() < 0.2 ? ['family friendly'] : [],
    priceBand: draw.next() < 0.1 ? null : draw.between(1, 4),
    imageUrl: null,
    specialDays: [],
    area: isPolygon
      ? { polygon: squareAround(place, 0.02 + draw.next() * 0.03) }
      : { radiusMeters },
    minOrderMinor: 0,
    serviceFeeBasisPoints: null,
    capacity: null,
    autoAccept: true,
    pause: draw.next() < 0.01 ? { reason: 'busy', until: null } : null,
    rating: { average: count === 0 ? null : Math.round(250 + draw.next() * 250) / 100, count },
    currency: 'USD',
    version: 1,
  };
}

function squareAround({ lat, lon }: { lat: number; lon: number }, half: number) {
  const ring: [number, number][] = [
    [lon - half, lat - half],
    [lon + half, lat - half],
    [lon + half, lat + half],
    [lon - half, lat + half],
    [lon - half, lat - half],
  ];
  return { type: 'Polygon' as const, coordinates: [ring] };
}

function menuOf(
  draw: Draw,
  vendor: VendorId,
  cuisine: string | null,
  { seed, first }: { readonly seed: number; readonly first: number },
): MenuChanged {
  const dishes = cuisine === null ? names.GOODS : (names.CUISINES[cuisine]?.dishes ?? []);
  const count = draw.between(PRODUCTS_MIN, PRODUCTS_MAX);
  const changed = Array.from({ length: count }, (_, n): ProductSummary => {
    const position = { atMs: BORN_MS, zoneHash: seed, counter: first + n };
    const dish = draw.pick(dishes);
    return {
      id: derivedId('product', position) as ProductId,
      name: draw.next() < 0.4 ? `${draw.pick(names.STYLES)} ${dish}` : dish,
      description: '',
      category: draw.pick(['Mains', 'Starters', 'Sides', 'Desserts', 'Drinks']),
      priceMinor: draw.between(300, 3_500),
      imageUrl: null,
      ageMin: null,
      active: draw.next() > 0.02,
    };
  });
  return { type: 'menu.changed', vendor, currency: 'USD', version: 1, changed, removed: [] };
}
