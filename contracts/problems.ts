/**
 * What can be wrong with a delivery on its way: the one list of names. The zone raises a problem
 * (`delivery.raised`) and clears it (`delivery.cleared`, or the end of the delivery); while it is open it is
 * an exception in the queue of ops. Names are stable: they stand in logs, tables and the API.
 */
export const DELIVERY_PROBLEMS = {
  /** Cleared when a driver has it, or the kitchen says that it will be ready later. */
  unassigned_too_long: 'Nobody carries it, though it has been due for a driver for long',
  /** Cleared when the driver moves on, has the parcel, or is not its driver any more. */
  stalled: 'Its driver does not move towards the pickup',
  /** Cleared at pickup, when it is given back, or when the kitchen names a later time. */
  vendor_late: 'Its driver waits at the vendor, past the ready time',
  /** Cleared when the parcel turns back or changes hands; else by the end. */
  customer_unreachable: 'Its driver stands at the door and nobody answers',
  /** Cleared when the driver is heard of again, or somebody else has the parcel. */
  driver_silent_with_parcel: 'Its driver has the parcel and has fallen silent',
  /** Cleared when the books agree with the phone, or the phone no longer says so. */
  held_by_other: 'A phone says that it holds the parcel; the books say otherwise',
  /** Cleared when that driver brings it back or hands it over; forgotten with the delivery. */
  held_after_end: 'A driver has picked it up after it was cancelled or had failed',
  /** What stands below is over only at the end of the delivery, or when ops says so. */
  aboard_too_long: 'It has been aboard for half of the longest time allowed',
  picked_up_by_other: 'Another driver than the one with the plan has picked it up',
  claimed_by_two: 'A second driver says to have picked it up',
} as const;

export type DeliveryProblem = keyof typeof DELIVERY_PROBLEMS;

/** All that may stand in the queue of ops: what zones raise, and what is found outside of them. */
export const EXCEPTION_KINDS = {
  ...DELIVERY_PROBLEMS,
  /** Cleared when the proof comes after all. */
  proof_missing: 'It was handed over without the proof it asked for',
} as const;

export type ExceptionKind = keyof typeof EXCEPTION_KINDS;

export const EXCEPTION_KIND_NAMES = Object.keys(EXCEPTION_KINDS) as ExceptionKind[];

/** How a driver tried to reach a customer. */
export const CONTACT_WAYS = ['rang', 'called', 'messaged'] as const;
export type ContactWay = (typeof CONTACT_WAYS)[number];
