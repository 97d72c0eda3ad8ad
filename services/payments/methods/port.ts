/**
 * The port behind which ways to pay stand. Every call carries the key of its operation: asked again
 * with the same key (after a crash, a time-out) a method must not do it twice. A refusal for good is
 * an answer; whatever is thrown is tried again.
 */
import type { OrderId } from '../../../contracts/ids.ts';
import type { PaymentMethod } from '../../../contracts/messages/payments.ts';
import type { MethodAnswer, Operation } from '../payment.ts';

export interface MethodRequest {
  readonly key: string;
  readonly order: OrderId;
  readonly method: PaymentMethod;
  /** Minor units of this operation; 0 for a void. */
  readonly amountMinor: number;
  readonly currency: string;
  /** What the method called the payment when it authorised it. */
  readonly reference: string | null;
}

export interface PaymentPort {
  /**
   * The answer where nobody has to be asked for it: pure, so that it may be given within a
   * transaction that is rolled back. Undefined: the method has to be asked. Absent: always.
   */
  readonly atOnce?:
    | ((kind: Operation['kind'], request: MethodRequest) => MethodAnswer | undefined)
    | undefined;
  authorise(request: MethodRequest): Promise<MethodAnswer>;
  capture(request: MethodRequest): Promise<MethodAnswer>;
  void(request: MethodRequest): Promise<MethodAnswer>;
  refund(request: MethodRequest): Promise<MethodAnswer>;
}
