/**
 * Ids: a prefix that names the kind and a UUIDv7 that sorts by time. Edges make them with `newId`;
 * the core derives them from what it already knows (`derivedId`), so that a replay makes the same.
 */

export const ID_PREFIXES = {
  account: 'acc',
  user: 'usr',
  vendor: 'ven',
  driver: 'drv',
  vehicle: 'veh',
  order: 'ord',
  orderItem: 'itm',
  delivery: 'del',
  offer: 'ofr',
  stop: 'stp',
  market: 'mkt',
  zone: 'zon',
  apiKey: 'key',
  event: 'evt',
  control: 'ctl',
  session: 'ses',
  fleet: 'flt',
  exception: 'exc',
  address: 'adr',
  category: 'cat',
  product: 'prd',
  variant: 'var',
  optionGroup: 'grp',
  option: 'opt',
  checkout: 'chk',
  promotion: 'prm',
  payment: 'pay',
  refund: 'rfd',
  ticket: 'tkt',
  quote: 'quo',
  webhook: 'whk',
  webhookAttempt: 'wha',
  shift: 'shf',
  document: 'doc',
  proof: 'prf',
  earning: 'ern',
  adjustment: 'adj',
  message: 'msg',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;
declare const kind: unique symbol;
/** A branded id: at run time a plain string such as `del_0198…`. */
export type Id<K extends IdKind> = string & { readonly [kind]?: K };

export type AccountId = Id<'account'>;
export type UserId = Id<'user'>;
export type VendorId = Id<'vendor'>;
export type DriverId = Id<'driver'>;
export type VehicleId = Id<'vehicle'>;
export type OrderId = Id<'order'>;
export type DeliveryId = Id<'delivery'>;
export type OfferId = Id<'offer'>;
export type StopId = Id<'stop'>;
export type MarketId = Id<'market'>;
export type ZoneId = Id<'zone'>;
export type SessionId = Id<'session'>;
export type FleetId = Id<'fleet'>;
export type ControlId = Id<'control'>;
export type ExceptionId = Id<'exception'>;
export type AddressId = Id<'address'>;
export type CategoryId = Id<'category'>;
export type ProductId = Id<'product'>;
export type VariantId = Id<'variant'>;
export type OptionGroupId = Id<'optionGroup'>;
export type OptionId = Id<'option'>;
export type CheckoutId = Id<'checkout'>;
export type PromotionId = Id<'promotion'>;
export type PaymentId = Id<'payment'>;
export type RefundId = Id<'refund'>;
export type TicketId = Id<'ticket'>;
export type QuoteId = Id<'quote'>;
export type EventId = Id<'event'>;
export type WebhookId = Id<'webhook'>;
export type WebhookAttemptId = Id<'webhookAttempt'>;
export type ShiftId = Id<'shift'>;
export type DocumentId = Id<'document'>;
export type ProofId = Id<'proof'>;
export type EarningId = Id<'earning'>;
export type AdjustmentId = Id<'adjustment'>;
export type MessageId = Id<'message'>;

const UUID_PATTERN = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

/** A regular expression source for one kind of id, for JSON Schema `pattern`. */
export function idPattern(idKind: IdKind): string {
  return `^${ID_PREFIXES[idKind]}_${UUID_PATTERN}$`;
}

const PATTERNS = new Map<IdKind, RegExp>();

/** Whether `text` is a well-formed id of this kind. */
export function isId<K extends IdKind>(idKind: K, text: unknown): text is Id<K> {
  if (typeof text !== 'string') return false;
  let pattern = PATTERNS.get(idKind);
  if (!pattern) {
    pattern = new RegExp(idPattern(idKind));
    PATTERNS.set(idKind, pattern);
  }
  return pattern.test(text);
}

/** Hex of each byte: a number's own `toString(16)` is five times as dear beyond 31 bits. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The last 16 bits as four digits. */
function hex16(value: number): string {
  return `${BYTES[(value >>> 8) & 0xff]}${BYTES[value & 0xff]}`;
}

/**
 * Lays out a UUIDv7 (RFC 9562 §5.7).
 * @param atMs 48-bit Unix time, ms
 * @param a 12 random or counter bits
 * @param b 30 bits that follow the variant
 * @param c 32 bits, the tail
 */
function uuid7(atMs: number, a: number, b: number, c: number): string {
  const time = Math.floor(atMs / 0x10000);
  const head = `${hex16(time >>> 16)}${hex16(time)}-${hex16(atMs % 0x10000)}-${hex16(0x7000 | (a & 0xfff))}`;
  const tail = `${hex16(b)}${hex16(c >>> 16)}${hex16(c)}`;
  return `${head}-${hex16(0x8000 | ((b >>> 16) & 0x3fff))}-${tail}`;
}

/** Random words fetched at once: one call for each id costs more than all the rest of it. */
const RANDOM_WORDS = 768;
let random = new Uint32Array(0);
let used = 0;

function randomWord(): number {
  if (used >= random.length) {
    random = crypto.getRandomValues(new Uint32Array(RANDOM_WORDS));
    used = 0;
  }
  return random[used++] ?? 0;
}

/** Makes a fresh id at the edge. Uses the platform's clock and random source; never in the core. */
export function newId<K extends IdKind>(idKind: K, atMs: number = Date.now()): Id<K> {
  return `${ID_PREFIXES[idKind]}_${uuid7(atMs, randomWord(), randomWord(), randomWord())}`;
}

/** When an id was made, ms: the wall's for one made at the edge, zone time for a derived one. */
export function timeOfId(id: Id<IdKind>): number {
  const at = id.indexOf('_') + 1;
  return Number.parseInt(id.slice(at, at + 8) + id.slice(at + 9, at + 13), 16);
}

/**
 * Derives an id from a position that cannot repeat: (zone time, a hash of the zone, a counter that
 * only grows in that zone). Pure: the same position always gives the same id.
 */
export function derivedId<K extends IdKind>(
  idKind: K,
  position: { atMs: number; zoneHash: number; counter: number },
): Id<K> {
  const { atMs, zoneHash, counter } = position;
  const high = Math.floor(counter / 0x100000000);
  return `${ID_PREFIXES[idKind]}_${uuid7(atMs, high, zoneHash, counter)}`;
}

/** FNV-1a over UTF-16 code units, 32 bits: stable hash for shards, seeds and derived ids. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
