/**
 * What becomes of stock when orders ask for it: pure, over the records and reservations it is given.
 * Owns the lifecycle of a reservation; never where they are kept.
 *
 * new → reserved (everything is there) or refused (nothing is taken);
 * reserved → committed (sold), released (given back; on request, or because its time was over);
 * committed → released (given back after all); released because of its time → committed (it was sold
 * nevertheless: of what is left, what can be taken is taken). A release of what is new leaves a
 * tombstone. Whatever is asked again is answered again.
 */
import type { OrderId, ProductId, VariantId, VendorId } from '../../contracts/ids.ts';
import type {
  InventoryEvent,
  StockAsked,
  StockLevel,
  StockLine,
  StockRefused,
  StockReserve,
} from '../../contracts/messages/inventory.ts';

export type Level = StockLevel['level'];

/** Stock of a product, or of one variant of it ('' is the product itself). */
export interface StockRecord {
  readonly product: ProductId;
  readonly variant: VariantId | '';
  readonly vendor: VendorId;
  readonly available: number;
  readonly reserved: number;
  readonly low_mark: number;
  readonly level: Level;
  readonly version: number;
}

/** How much was taken of one record. */
export interface Taken {
  readonly product: ProductId;
  readonly variant: VariantId | '';
  readonly quantity: number;
}

export interface Reservation {
  readonly order: OrderId;
  readonly vendor: VendorId | null;
  readonly state: 'new' | 'reserved' | 'refused' | 'committed' | 'released';
  readonly lines: readonly Taken[];
  readonly shortages: StockRefused['shortages'];
  /** Zone ms. */
  readonly expires_ms: number | null;
  readonly expired: boolean;
}

/** The time of a reservation is over; asked for by our own timer. */
export interface StockExpire {
  readonly type: 'stock.expire';
  readonly order: OrderId;
}

export type Asked = StockAsked | StockExpire;

export function recordKey(product: string, variant: string | null): string {
  return `${product} ${variant ?? ''}`;
}

export function levelOf(available: number, lowMark: number): Level {
  if (available === 0) return 'out';
  return available <= lowMark ? 'low' : 'in';
}

/** Stock and reservations of one transaction; remembers what it changed. */
export class Ledger {
  readonly stock: Map<string, StockRecord>;
  readonly reservations: Map<string, Reservation>;
  readonly #before: ReadonlyMap<string, StockRecord>;
  readonly #touched = new Set<string>();

  constructor(stock: readonly StockRecord[], reservations: readonly Reservation[]) {
    this.stock = new Map(stock.map((each) => [recordKey(each.product, each.variant), each]));
    this.#before = new Map(this.stock);
    this.reservations = new Map(reservations.map((each) => [each.order, each]));
  }

  /** Does what is asked and says what is answered; nothing for a timer that comes too late. */
  take(asked: Asked): InventoryEvent | undefined {
    const { order } = asked;
    const known = this.reservations.get(order) ?? newReservation(order);
    switch (asked.type) {
      case 'stock.reserve':
        return answerOf(known.state === 'new' ? this.#reserve(asked, known) : known);
      case 'stock.commit':
        return answerOf(this.#commit(known));
      case 'stock.release':
        return answerOf(this.#release(known, false));
      case 'stock.expire':
        return known.state === 'reserved' ? answerOf(this.#release(known, true)) : undefined;
    }
  }

  /** Records that are not what they were, with their new version and level. */
  changedStock(): readonly StockRecord[] {
    return [...this.stock].flatMap(([key, record]) => {
      const before = this.#before.get(key);
      if (before === record) return [];
      const level = levelOf(record.available, record.low_mark);
      return [{ ...record, level, version: record.version + 1 }];
    });
  }

  /** News of records whose level is another one now. */
  levelNews(): readonly StockLevel[] {
    return this.changedStock().flatMap((record) => {
      const before = this.#before.get(recordKey(record.product, record.variant));
      return before?.level === record.level ? [] : [levelNewsOf(record)];
    });
  }

  changedReservations(): readonly Reservation[] {
    return [...this.#touched].flatMap((order) => this.reservations.get(order) ?? []);
  }

  #reserve(asked: StockReserve, known: Reservation): Reservation {
    const wanted = this.#wanted(asked.lines);
    const { vendor, expiresMs } = asked;
    const isSound = asked.lines.every(
      ({ quantity }) => quantity >= 1 && Number.isInteger(quantity),
    );
    const shortages = wanted.flatMap(({ product, variant, quantity }) => {
      const left = this.stock.get(recordKey(product, variant))?.available ?? 0;
      if (isSound && left >= quantity) return [];
      return [{ product, variant: variant === '' ? null : variant, wanted: quantity, left }];
    });
    if (!isSound || shortages.length > 0) {
      return this.#keep({ ...known, vendor, state: 'refused', shortages });
    }
    for (const { product, variant, quantity } of wanted) {
      this.#move(product, variant, -quantity, quantity);
    }
    const reserved = { vendor, lines: wanted, expires_ms: expiresMs } as const;
    return this.#keep({ ...known, ...reserved, state: 'reserved' });
  }

  #commit(known: Reservation): Reservation {
    if (known.state === 'reserved') {
      for (const { product, variant, quantity } of known.lines) {
        this.#move(product, variant, 0, -quantity);
      }
      return this.#keep({ ...known, state: 'committed' });
    }
    if (known.state === 'released' && known.expired) {
      const lines = known.lines.map((line) => {
        const left = this.stock.get(recordKey(line.product, line.variant))?.available ?? 0;
        return { ...line, quantity: Math.min(line.quantity, left) };
      });
      for (const { product, variant, quantity } of lines) {
        this.#move(product, variant, -quantity, 0);
      }
      return this.#keep({ ...known, state: 'committed', lines });
    }
    // Nothing is known of the order, so nothing of it was counted.
    return known.state === 'new' ? this.#keep({ ...known, state: 'committed' }) : known;
  }

  #release(known: Reservation, expired: boolean): Reservation {
    if (known.state === 'released') {
      // From now on it is wanted so: a commit that comes later takes nothing.
      return known.expired ? this.#keep({ ...known, expired: false, lines: [] }) : known;
    }
    if (known.state === 'reserved' || known.state === 'committed') {
      for (const { product, variant, quantity } of known.lines) {
        this.#move(product, variant, quantity, known.state === 'reserved' ? -quantity : 0);
      }
    }
    // The lines of what expired are kept: it may turn out to have been sold.
    const lines = expired ? known.lines : [];
    return this.#keep({ ...known, state: 'released', expired, lines });
  }

  /** What is to be taken of which record; products without one are not counted. */
  #wanted(lines: readonly StockLine[]): Taken[] {
    const sums = new Map<string, Taken>();
    for (const { product, variant, quantity } of lines) {
      const own = variant === null ? undefined : this.stock.get(recordKey(product, variant));
      const record = own ?? this.stock.get(recordKey(product, null));
      if (record === undefined) continue;
      const key = recordKey(product, record.variant);
      const sum = (sums.get(key)?.quantity ?? 0) + quantity;
      sums.set(key, { product, variant: record.variant, quantity: sum });
    }
    return [...sums.values()];
  }

  #move(product: string, variant: string, available: number, reserved: number): void {
    const key = recordKey(product, variant);
    const record = this.stock.get(key);
    // A record that was removed meanwhile is not counted any more.
    if (record === undefined || (available === 0 && reserved === 0)) return;
    this.stock.set(key, {
      ...record,
      available: record.available + available,
      reserved: Math.max(0, record.reserved + reserved),
    });
  }

  #keep(reservation: Reservation): Reservation {
    this.reservations.set(reservation.order, reservation);
    this.#touched.add(reservation.order);
    return reservation;
  }
}

function newReservation(order: OrderId): Reservation {
  const nothing = { vendor: null, lines: [], shortages: [], expires_ms: null, expired: false };
  return { order, state: 'new', ...nothing };
}

/** What a reservation says of itself. */
function answerOf({ order, state, shortages, expired }: Reservation): InventoryEvent {
  switch (state) {
    case 'new':
      throw new Error('a reservation was left undecided');
    case 'reserved':
      return { type: 'stock.reserved', order };
    case 'refused':
      return { type: 'stock.refused', order, shortages };
    case 'committed':
      return { type: 'stock.committed', order };
    case 'released':
      return { type: 'stock.released', order, expired };
  }
}

/** What others are told of the level of a record. */
export function levelNewsOf(record: StockRecord): StockLevel {
  const { vendor, product, variant, level, available, version } = record;
  return {
    type: 'stock.level',
    ...{ vendor, product, level, available, version },
    variant: variant === '' ? null : variant,
  };
}
