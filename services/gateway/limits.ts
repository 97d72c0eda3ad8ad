/** Every bound of the gateway, with what happens when it is reached. Times are host milliseconds. */

/** A socket that has not said HELLO by then is closed. */
export const HELLO_TIMEOUT_MS = 5_000;
/** uWebSockets cuts the connection above this; between our own limit and this the close code says why. */
export const PAYLOAD_BYTES_MAX = 65_536;
/** Seconds without a byte from the client before uWebSockets ends the socket; it pings in between. */
export const IDLE_SECONDS = 60;
/** How many times the lasting rate a socket may send at once. */
export const BURST_FACTOR = 4;
/** Messages thrown away for being too many before the socket is closed. */
export const EXCESS_MAX = 200;
/** A socket that takes no bytes for this long is closed. */
export const STUCK_MS = 30_000;
/** Share of the socket's byte budget above which latest-value frames wait in their slots. */
export const LATEST_BUDGET_SHARE = 0.25;
/** Least time between two position frames of one socket. */
export const POS_INTERVAL_MS = 200;
/** Least time between two LOC frames that apps are asked for; doubled while the gateway lags. */
export const LOC_INTERVAL_MS = 500;
export const LOC_INTERVAL_MS_MAX = 8_000;
/** A tick this late means that the gateway has too much to do. */
export const LAG_MS = 100;
/**
 * Live points are confirmed at most this often: a sign of life for the app, sooner than it would
 * ask for one, and seldom enough not to cost what a position costs.
 */
export const LOC_ACK_MS = 15_000;
/** Reconnects after a drain or a crash spread over this. */
export const RECONNECT_JITTER_MS = 2_000;
/** How long DRAIN may take to be obeyed before sockets are closed. */
export const DRAIN_MS = 1_500;
/** Sockets sent away in one tick of a drain. */
export const DRAIN_BATCH = 500;

/** The loop rests this long after a turn with frames, so that the next ones come together. */
export const REST_MS = 5;
/** A turn with more frames than this is gathering already, and goes on at once. */
export const GATHER_FRAMES_MAX = 64;

/** A fix older than this is history: stored, never shown as live. */
export const LIVE_AGE_MS_MAX = 120_000;
/** A fix this far ahead of the corrected clock is dropped. */
export const FUTURE_MS_MAX = 5_000;
/** Metres per second of zone speed above which a move is a jump. */
export const JUMP_MPS = 70;
/** Consistent fixes at a new place before a jump is believed. */
export const JUMP_FIXES = 3;
/** A device clock that moved by more than this is measured anew. */
export const CLOCK_STEP_MS = 10_000;
/** Frames that must agree before a clock that seems to have moved back is believed. */
export const CLOCK_STEP_FRAMES = 3;
/** Fixes in another zone's polygon before the zone is told. */
export const STRAY_FIXES = 3;
export const STRAY_INTERVAL_MS = 5_000;
/** Known cells with their inscribed circles; the memory starts anew when full. */
export const CELL_CIRCLES_MAX = 50_000;
/** Trace points waiting for the next flush; more are dropped and counted. */
export const TRACE_POINTS_MAX = 8_192;
export const TRACE_INTERVAL_MS = 1_000;

/** Actions of one driver that wait for the zone's answer; more are refused as retryable. */
export const WAITING_ACTIONS_MAX = 32;
/** Presences told again in one tick after pushes were lost. */
export const REASSERT_BATCH = 200;
/** First wait before a driver's zone is asked for again; doubles. */
export const RELOCATE_MS = 100;
export const RELOCATE_ATTEMPTS_MAX = 7;
/** How long an HTTP call waits for the zone's answer. */
export const HTTP_ACT_MS = 2_000;
/** HTTP calls that wait at once; more get 503. */
export const HTTP_WAITING_MAX = 2_000;
/** A driver known by HTTP only is forgotten after this long. */
export const HTTP_LINK_MS = 300_000;
export const HTTP_LINKS_MAX = 10_000;
/** Channels one gateway watches; more subscriptions are refused. */
export const CHANNELS_MAX = 200_000;
