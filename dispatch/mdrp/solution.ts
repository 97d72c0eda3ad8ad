/** What a run decided, as the three files that scorers of the problem read, and its figures. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Courier, Instance, Order, Spot, Vendor } from './instance.ts';

/** What an order that is never delivered counts as, minutes. */
const UNDELIVERED_MINUTES = 180;
/** The name of the place where a courier's shift begins. */
const START = '0';

export interface Assignment {
  readonly decided: number;
  readonly pickup: number;
  readonly courier: Courier;
  readonly orders: readonly Order[];
}

export interface Handover {
  readonly order: Order;
  readonly pickup: number;
  readonly dropoff: number;
  readonly courier: Courier;
}

export interface Move {
  readonly courier: Courier;
  readonly departs: number;
  readonly from: Spot;
  readonly to: Vendor | Order;
}

export interface Solution {
  readonly assignments: readonly Assignment[];
  readonly handovers: readonly Handover[];
  readonly moves: readonly Move[];
}

export interface Figures {
  readonly orders: number;
  readonly undelivered: number;
  readonly undeliveredPercent: number;
  readonly clickToDoor: number;
  readonly overage: number;
  readonly readyToPickup: number;
  readonly costPerOrder: number;
  readonly ordersPerBundle: number;
  /** Mean over all orders of click-to-door minus what no policy could beat for that order alone. */
  readonly excess180: number;
}

/** Writes the solution files into a folder, which is made. */
export function writeSolution(folder: string, solution: Solution): void {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, header: string, rows: readonly (readonly (string | number)[])[]) =>
    writeFileSync(join(folder, name), [header, ...rows.map((r) => r.join(' ')), ''].join('\n'));
  write(
    'solution_info_assignments.txt',
    'assignment_time pickup_time courier orders',
    solution.assignments.map(({ decided, pickup, courier, orders }) => [
      decided,
      pickup,
      courier.name,
      ...orders.map(({ name }) => name),
    ]),
  );
  write(
    'solution_info_orders.txt',
    'order placement_time ready_time pickup_time dropoff_time courier',
    solution.handovers.map(({ order, pickup, dropoff, courier }) => [
      order.name,
      order.placed,
      order.ready,
      pickup,
      dropoff,
      courier.name,
    ]),
  );
  write(
    'solution_info_couriers.txt',
    'courier departure_time origin destination',
    solution.moves.map(({ courier, departs, from, to }) => [
      courier.name,
      departs,
      from === courier ? START : (from as Vendor | Order).name,
      to.name,
    ]),
  );
}

/** The figures of a solution; the scorer of the problem checks the rules as well. */
export function figuresOf(
  instance: Instance,
  solution: Solution,
  minutes: (from: Spot, to: Spot) => number,
): Figures {
  const dropoffs = new Map(solution.handovers.map(({ order, dropoff }) => [order, dropoff]));
  const carried = new Map<Courier, number>();
  let excess = 0;
  let clickToDoor = 0;
  let overage = 0;
  for (const order of instance.orders) {
    const services = (instance.pickupService + instance.dropoffService) / 2;
    const bound = order.ready + services + minutes(order.vendor, order) - order.placed;
    const dropoff = dropoffs.get(order);
    const took = dropoff === undefined ? UNDELIVERED_MINUTES : dropoff - order.placed;
    excess += took - bound;
    if (dropoff === undefined) continue;
    clickToDoor += took;
    overage += Math.max(0, took - instance.target);
  }
  let wait = 0;
  for (const { order, pickup, courier } of solution.handovers) {
    wait += pickup - order.ready;
    carried.set(courier, (carried.get(courier) ?? 0) + 1);
  }
  let pay = 0;
  for (const courier of instance.couriers) {
    const byOrder = instance.payPerOrder * (carried.get(courier) ?? 0);
    pay += Math.max(byOrder, (instance.payPerHour * (courier.off - courier.on)) / 60);
  }
  const all = Math.max(1, instance.orders.length);
  const done = Math.max(1, solution.handovers.length);
  const undelivered = instance.orders.length - solution.handovers.length;
  return {
    orders: instance.orders.length,
    undelivered,
    undeliveredPercent: (100 * undelivered) / all,
    clickToDoor: clickToDoor / done,
    overage: overage / done,
    readyToPickup: wait / done,
    costPerOrder: pay / done,
    ordersPerBundle: done / Math.max(1, solution.assignments.length),
    excess180: excess / all,
  };
}
