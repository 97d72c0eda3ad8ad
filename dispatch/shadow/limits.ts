/** Every bound of the shadow runner, with what happens at it. */

/** Zones with a shadow that one node runs at a time; of more, those with the lowest ids. */
export const SHADOW_ZONES_MAX = 4;
/** Records read at once; between pages the runner listens to what it is told. */
export const SHADOW_PAGE = 64;
/** Behind by more records than this it decides no rounds again until it has caught up. */
export const SHADOW_SKIP_RECORDS = 1_000;
/** Behind by more it goes on from the newest state, and says so. */
export const SHADOW_LAG_RECORDS_MAX = 20_000;
/** With nothing new to read it looks again after this long, host ms. */
export const SHADOW_LOOK_MS = 200;
/** It says how it stands this often, host ms. */
export const SHADOW_REPORT_MS = 1_000;
/** What another thread could go on from is written this often, host ms; what came since is lost. */
export const SHADOW_KEEP_MS = 30_000;
/** A report is kept this long after the last one, host ms. */
export const SHADOW_REPORT_TTL_MS = 7 * 86_400_000;
/** A runner that failed to read or restore tries again after this long, host ms. */
export const SHADOW_RETRY_MS = 2_000;
