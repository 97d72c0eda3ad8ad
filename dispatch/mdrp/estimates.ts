/**
 * Days on which ready times are only estimates: what an instance says is what the zone is told, the
 * truth differs, and shows when the parcel is handed out. Draws follow the order of placing, so that
 * what is placed later changes nothing before.
 */
import { RandomStream } from '../core/random.ts';
import type { Instance, Order } from './instance.ts';

/** Standard deviation of the error, minutes. */
const SPREAD_MINUTES = 5;
/**
 * The error is `MEDIAN × (e^(SHAPE × Z) − 1)` for a standard normal Z: lognormal, moved so that its
 * median is 0. The shape says how much longer the tail of late ones is; the spread then gives the scale
 * (8.3 minutes, so no kitchen is earlier than that; the mean error is +1.1).
 */
const SHAPE = 0.5;
const MEDIAN = SPREAD_MINUTES / Math.sqrt((Math.exp(SHAPE * SHAPE) - 1) * Math.exp(SHAPE * SHAPE));

/** The instance with true ready times, whole minutes and not before the placing; `told` is what was. */
export function withEstimates(instance: Instance, seed: number): Instance {
  const random = new RandomStream('true ready times', seed);
  const orders = instance.orders.map((order): Order => {
    const error = MEDIAN * (Math.exp(SHAPE * normal(random)) - 1);
    const ready = Math.max(order.placed, Math.round(order.ready + error));
    return { ...order, ready, told: order.ready };
  });
  return { ...instance, orders };
}

/** A standard normal draw (Box and Muller 1958). */
function normal(random: RandomStream): number {
  const u = (random.next() + 1) / 0x100000001;
  const v = random.next() / 0x100000000;
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}
