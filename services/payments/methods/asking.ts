/** What an operation asks of the method of its payment, if anything. */
import { type MethodAnswer, needsMethod, type Operation, type Payment } from '../payment.ts';
import type { PaymentPort } from './port.ts';

/** The ways to pay that there are, by their kinds. */
export type Methods = Readonly<Record<string, PaymentPort>>;

/**
 * The answer of the method, null when it has no say. A function when it has to be asked: throws when
 * it is to be asked again. Pure up to there, so that an answer may be used within a transaction.
 */
export function answerOf(
  methods: Methods,
  payment: Payment,
  operation: Operation,
): MethodAnswer | null | (() => Promise<MethodAnswer>) {
  if (!needsMethod(payment, operation)) return null;
  const { method, order, currency, reference } = payment;
  const port = method === null ? undefined : methods[method.kind];
  if (port === undefined || method === null || currency === null) {
    return { ok: false, code: 'not_supported' };
  }
  const { key, kind, amountMinor } = operation;
  const request = { key, order, method, amountMinor, currency, reference };
  return port.atOnce?.(kind, request) ?? (() => port[kind](request));
}
