/** Counts carts and orders that were refused, by reason. A reason is one of a few: never what was sent. */
import { Counter, type Registry } from 'prom-client';
import { toWaggleError } from '../../../platform/broker-errors.ts';

/** Fields whose refusal has a name of its own. */
const FIELDS: ReadonlySet<string> = new Set([
  'vendor',
  'product',
  'variant',
  'options',
  'quantity',
  'items',
  'ageConfirmed',
  'scheduledFor',
  'readyAt',
  'dropoff',
  'address',
  'payment',
  'promotion',
  'Idempotency-Key',
]);

/** Code of the error; of refused fields the first one's name, or `request.invalid` alone. */
export function reasonOf(error: unknown): string {
  const { code, fields } = toWaggleError(error);
  if (code !== 'request.invalid') return code;
  const parts = (fields[0]?.field ?? '').split('/');
  const name = parts.findLast((part) => FIELDS.has(part));
  return name === undefined ? code : `${code}:${name}`;
}

export function refusalCounter(metrics: Registry): (error: unknown) => void {
  const counter = new Counter({
    name: 'waggle_orders_refused_total',
    help: 'Carts and orders that were refused, by reason; nothing of them was written.',
    labelNames: ['reason'],
    registers: [metrics],
  });
  return (error) => counter.inc({ reason: reasonOf(error) });
}
