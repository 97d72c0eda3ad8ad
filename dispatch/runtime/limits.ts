/**
 * Every bound of the runtime, with what happens at it. Relations between them are checked once, when
 * a node starts (`assertLimits`).
 */

/** Commands of one commit; more wait in the mailbox. */
export const COMMIT_COMMANDS_MAX = 256;
/** After a commit that emptied the mailbox the next turn waits this long, host ms. */
export const GATHER_MS = 3;
/** Batches of effects that may wait to be carried out; then the next turn waits for them. */
export const EFFECT_BATCHES_MAX = 8;
/** Entries read ahead of the owner; reading stops while it is full. */
export const INTAKE_COMMANDS_MAX = 1_024;
/** Position batches read ahead; reading stops, and the stream drops its oldest. */
export const INTAKE_POSITIONS_MAX = 512;
/** Position batches taken into the index per turn. */
export const TURN_POSITIONS_MAX = 64;
/** Commands a mailbox takes; then requests are refused with `full`. */
export const MAILBOX_MAX = 50_000;
/** What others may use on top of it, as a part of it. */
export const MAILBOX_RESERVE_PART = 4;
/** An envelope in characters of JSON; more is refused at the edge. */
export const ENVELOPE_LENGTH_MAX = 65_536;
/** Position batches kept in a shard's stream; the oldest go first. */
export const POSITION_BATCHES_MAX = 2_000;
/** Bytes of records in a log. At it requests are refused at append; at 5/4 of it the host waits. */
export const LOG_BYTES_MAX = 256 * 1024 * 1024;
/** Entries in a gateway's push stream; a gateway that is behind by more resyncs. */
export const PUSHES_MAX = 20_000;
/** A gateway's stream is forgotten when nobody wrote to it for this long. */
export const PUSHES_TTL_MS = 600_000;
/** The last status of a delivery is kept this long for who comes late. */
export const TRACK_LAST_TTL_MS = 6 * 3_600_000;
/** Trace entries kept; the oldest go first. */
export const TRACES_MAX = 50_000;

/** A lease, host ms. */
export const LEASE_MS = 3_000;
/** The owner stops itself this long before its lease could have expired. */
export const LEASE_MARGIN_MS = 500;
/** Renewed this many times within its length. */
export const LEASE_RENEWALS = 3;

/** A snapshot is due after this many records… */
export const SNAPSHOT_RECORDS = 2_000;
/** …or after this much host time, if there was a record at all. */
export const SNAPSHOT_MS = 60_000;
/** Records applied per read while restoring. */
export const RESTORE_PAGE = 256;
/** Records removed per trimming call. */
export const TRIM_PAGE = 256;
/** A state hash stands in every record whose seq this divides. */
export const HASH_EVERY = 64;

/** Two rounds of a zone are at least this far apart in host time, whatever the speed. */
export const ROUND_HOST_MS_MIN = 20;
/** Silent drivers are looked for this often, per zone. */
export const SILENCE_EVERY_HOST_MS = 1_000;
/** Drivers who get no nearer to their pickup are looked for this often, per zone. */
export const STALLED_EVERY_HOST_MS = 1_000;
/** Pictures for the map, per zone. */
export const PICTURE_EVERY_HOST_MS = 1_000;
/** Positions older than this are not read after a takeover. */
export const POSITIONS_SEED_MS = 60_000;
/** An input that stops the host this often is quarantined. */
export const POISON_STOPS = 2;
/** After a broken round or timer a zone goes without for this long, host ms. */
export const BROKEN_REST_MS = 5_000;
/** An unknown outcome is asked for again after this long, host ms. */
export const ASK_AGAIN_MS = 50;
/** A host that could not get or keep its shard tries again after this long, at most. */
export const RETRY_MS_MAX = 2_000;

/** Throws when bounds that depend on each other do not fit. */
export function assertLimits(leaseMs: number = LEASE_MS): void {
  const relations: readonly (readonly [boolean, string])[] = [
    [COMMIT_COMMANDS_MAX <= INTAKE_COMMANDS_MAX, 'a commit must fit into the intake'],
    [INTAKE_COMMANDS_MAX <= MAILBOX_MAX, 'the intake must fit into the mailbox'],
    [
      leaseMs / LEASE_RENEWALS < leaseMs - LEASE_MARGIN_MS,
      'a lease must be renewed before it ends',
    ],
    [leaseMs >= 2 * LEASE_MARGIN_MS, 'a lease must be longer than twice its margin'],
  ];
  for (const [holds, what] of relations) if (!holds) throw new RangeError(`limits: ${what}`);
}
