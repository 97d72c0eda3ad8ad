/**
 * Kitchens whose people answer tickets by hand, through the board any vendor has: accept or reject,
 * say when something takes longer, call it ready when it is. They know when the food is really ready
 * from the desk; everybody else hears it from them. Bounded: a fixed number of calls at once.
 */
import type { TicketList } from '../contracts/api/kitchen.ts';
import type { ZoneClock } from './clock.ts';
import type { Shop } from './menus.ts';
import type { RandomStream } from './random.ts';
import { eachBounded, pause } from './rest.ts';
import type { Session } from './session.ts';

/** Pause between two looks at all boards, wall ms. */
const LOOK_MS = 500;
const LOOK_WIDTH = 4;
/** A cook who is late says so this long before the promised time, zone ms. */
const WARN_MS = 45_000;
const BOARD = 100;

type Ticket = TicketList['items'][number];

export interface KitchensWorld {
  readonly ops: Session;
  readonly clock: ZoneClock;
  /** Those that answer by hand. */
  readonly shops: readonly Shop[];
  readonly rejectPerMille: number;
  readonly random: RandomStream;
  /** Zone ms at which the food of an order is really ready; undefined: an order of another run. */
  readonly readyMs: (order: string) => number | undefined;
}

export interface KitchenCounts {
  accepted: number;
  rejected: number;
  delayed: number;
  ready: number;
}

export class Kitchens {
  readonly counts: KitchenCounts = { accepted: 0, rejected: 0, delayed: 0, ready: 0 };
  private readonly world: KitchensWorld;
  private readonly working: Promise<void>;
  private isOpen = true;

  constructor(world: KitchensWorld) {
    this.world = world;
    this.working = this.work();
  }

  async close(): Promise<void> {
    this.isOpen = false;
    await this.working;
  }

  private async work(): Promise<void> {
    while (this.isOpen) {
      await eachBounded(this.world.shops, LOOK_WIDTH, (shop) =>
        // A board that cannot be read or a move that was refused is looked at again in a moment.
        this.look(shop).catch(() => {}),
      );
      await pause(LOOK_MS);
    }
  }

  private async look({ id }: Shop): Promise<void> {
    const path = `/vendors/${id}/tickets?live=true&limit=${BOARD}`;
    const { items } = await this.world.ops.call<TicketList>({ method: 'GET', path });
    for (const ticket of items) await this.answer(ticket);
  }

  private async answer(ticket: Ticket): Promise<void> {
    const { clock, random, rejectPerMille } = this.world;
    const nowMs = clock.zoneMs();
    const readyMs = this.world.readyMs(ticket.order) ?? nowMs;
    if (ticket.state === 'open') {
      if (!random.chance(rejectPerMille)) return this.move(ticket, 'accept', 'accepted');
      return this.move(ticket, 'reject', 'rejected', { code: 'too_busy' });
    }
    if (ticket.state !== 'accepted' && ticket.state !== 'started') return;
    if (nowMs >= readyMs) return this.move(ticket, 'ready', 'ready');
    const promisedMs = Date.parse(ticket.readyAt ?? ticket.wantedReadyAt);
    if (promisedMs >= readyMs || nowMs < promisedMs - WARN_MS) return;
    const readyInSeconds = Math.ceil((readyMs - nowMs) / 1_000);
    return this.move(ticket, 'delay', 'delayed', { readyInSeconds });
  }

  private async move(
    { id }: Ticket,
    verb: string,
    counted: keyof KitchenCounts,
    body: object = {},
  ): Promise<void> {
    await this.world.ops.call({ method: 'POST', path: `/tickets/${id}/${verb}`, body });
    this.counts[counted]++;
  }
}
