/** Every bound of a zone, in one place. */
export const ZONE_LIMITS = {
  /** Drivers with a record, on duty or off. */
  drivers: 200_000,
  /** Deliveries that have not ended. */
  openDeliveries: 50_000,
  /** Tombstones kept; the oldest go first once older than `tombstoneMs`. */
  tombstones: 200_000,
  /** A tombstone outlives every re-send; zone ms, long enough at any speed that is allowed. */
  tombstoneMs: 24 * 3_600_000,
  /** Requests of ops remembered, so that a repeat does nothing. */
  opsRequests: 10_000,
  /** Transfers remembered, the oldest go first; a repeat that is older than all of them is long dead. */
  arrivals: 100_000,
  /** Answers remembered per driver: more than an app keeps unconfirmed. */
  outcomes: 32,
  pastOffers: 16,
  /** Open offers of one delivery at a time, whatever the policy says. */
  offersPerDelivery: 8,
  /** Deliveries one round considers, the most urgent first. */
  roundDeliveries: 2_000,
  /** Stops in one plan, whatever the policy says. */
  planStops: 24,
  /** Times that a zone of its own accord takes a delivery from its driver; after that it stays. */
  reliefsPerDelivery: 2,
  /** Drivers looked at for standing still in one input. */
  stalledDrivers: 64,
  /** Cool-downs remembered per delivery. */
  coolDowns: 64,
  /** Deliveries looked at for ops in one step of time; the rest in the next one. */
  exceptionsPerStep: 30,
  /** An off-duty record is dropped after this long; zone ms. */
  offKeptMs: 24 * 3_600_000,
} as const;
