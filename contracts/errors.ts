/**
 * The one catalogue of operating errors. Each has a stable code, an HTTP status, whether the same
 * request may be sent again as it is, and the WebSocket close code where it ends a socket.
 */
interface ErrorKind {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
}

export const ERRORS = {
  'request.invalid': { status: 422, retryable: false, title: 'The request has invalid fields' },
  'request.malformed': { status: 400, retryable: false, title: 'The request cannot be read' },
  'request.too_large': { status: 413, retryable: false, title: 'The request is too large' },
  'request.rate_limited': { status: 429, retryable: true, title: 'Too many requests' },
  'request.timeout': { status: 504, retryable: true, title: 'A part of the system did not answer' },
  'auth.missing': { status: 401, retryable: false, title: 'Credentials are missing' },
  'auth.invalid': { status: 401, retryable: false, title: 'Credentials are not valid' },
  'auth.expired': { status: 401, retryable: false, title: 'The token has expired' },
  'auth.forbidden': { status: 403, retryable: false, title: 'Not allowed' },
  'resource.not_found': { status: 404, retryable: false, title: 'Not found' },
  'resource.conflict': {
    status: 409,
    retryable: false,
    title: 'In conflict with the current state',
  },
  'resource.changed': {
    status: 412,
    retryable: false,
    title: 'Changed by somebody else meanwhile',
  },
  'idempotency.mismatch': {
    status: 409,
    retryable: false,
    title: 'The idempotency key was used for another request',
  },
  'delivery.past_pickup': {
    status: 409,
    retryable: false,
    title: 'The parcel has been picked up; a cancel is too late',
  },
  'proof.pin_wrong': { status: 422, retryable: false, title: 'The PIN is wrong' },
  'proof.pin_locked': {
    status: 409,
    retryable: false,
    title: 'Too many wrong PINs; ops can open the lock',
  },
  'driver.papers_missing': {
    status: 409,
    retryable: false,
    title: 'Papers of the driver are missing, not approved or expired',
  },
  'shift.overlaps': {
    status: 409,
    retryable: false,
    title: 'The driver has another shift at that time',
  },
  'delivery.ended': { status: 409, retryable: false, title: 'The delivery has ended' },
  'delivery.too_far': {
    status: 422,
    retryable: false,
    title: 'The drop-off is too far from the pickup',
  },
  'quote.expired': { status: 409, retryable: false, title: 'The quote has expired; ask again' },
  'quote.used': { status: 409, retryable: false, title: 'The quote was used for another delivery' },
  'order.ended': { status: 409, retryable: false, title: 'The order has ended' },
  'vendor.not_approved': { status: 409, retryable: false, title: 'The vendor does not sell yet' },
  'vendor.closed': { status: 409, retryable: false, title: 'The vendor is closed at that time' },
  'vendor.paused': { status: 409, retryable: false, title: 'The vendor takes no orders for now' },
  'vendor.busy': { status: 409, retryable: false, title: 'The kitchen is full for now' },
  'vendor.out_of_reach': {
    status: 422,
    retryable: false,
    title: 'The vendor does not deliver to that place',
  },
  'order.below_minimum': {
    status: 422,
    retryable: false,
    title: 'The goods are worth less than the vendor delivers',
  },
  'order.price_changed': {
    status: 409,
    retryable: false,
    title: 'The price is not the one that was expected',
  },
  'order.not_delivered': { status: 409, retryable: false, title: 'The order is not delivered' },
  'rating.too_late': { status: 409, retryable: false, title: 'It is too late to rate the order' },
  'promotion.refused': { status: 409, retryable: false, title: 'The promotion cannot be used' },
  'refund.not_possible': {
    status: 409,
    retryable: false,
    title: 'Nothing that was captured is left to give back, or the order is not settled yet',
  },
  'zone.none_here': { status: 422, retryable: false, title: 'No zone serves this place' },
  'zone.intake_paused': { status: 503, retryable: true, title: 'The zone takes no new deliveries' },
  'zone.full': { status: 503, retryable: true, title: 'The zone is at its capacity' },
  'driver.not_approved': { status: 403, retryable: false, title: 'The driver is not approved' },
  'driver.elsewhere': { status: 409, retryable: true, title: 'The driver belongs to another zone' },
  'shard.overloaded': { status: 503, retryable: true, title: 'The mailbox is full' },
  'service.unavailable': { status: 503, retryable: true, title: 'A needed part is not available' },
  internal: { status: 500, retryable: true, title: 'Something went wrong on our side' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** One field that was refused, and what was expected of it. */
export interface FieldProblem {
  /** JSON Pointer or variable name. */
  readonly field: string;
  readonly expected: string;
}

/** RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly retryable: boolean;
  readonly fields?: readonly FieldProblem[];
  readonly correlationId?: string;
}

/** An operating failure from the catalogue. Domain rejections are values, not this. */
export class WaggleError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldProblem[];
  override readonly name = 'WaggleError';
  /** Wall seconds after which it may be tried again; 0: nothing is known. */
  retryAfterSeconds = 0;

  constructor(code: ErrorCode, detail?: string, fields: readonly FieldProblem[] = []) {
    super(detail ?? ERRORS[code].title);
    this.code = code;
    this.fields = fields;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  toProblem(correlationId?: string): Problem {
    const { status, retryable, title } = ERRORS[this.code];
    return {
      type: `urn:waggle:error:${this.code}`,
      title,
      status,
      code: this.code,
      retryable,
      ...(this.message === title ? {} : { detail: this.message }),
      ...(this.fields.length > 0 ? { fields: this.fields } : {}),
      ...(correlationId === undefined ? {} : { correlationId }),
    };
  }
}
