/**
 * Carries commands to the mailbox: of each delivery the lowest one that the log has neither
 * confirmed nor refused, again and again with back-off, so that nothing overtakes and nothing is
 * lost. The zone knows the numbers, so sending twice is harmless. Never decides an outcome: the
 * projector does, from the log.
 */
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database, Queryable } from '../../platform/database.ts';
import { listen } from '../../platform/listener.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import { needsOf, type StoredNeeds } from './proofs/proof-needs.ts';
import type { CommandRow } from './rows.ts';

const BATCH_MAX = 300;
const POLL_MS = 500;
/** Wall ms until a command that was not answered is sent again; doubles up to the longest. */
const RESEND_FIRST_MS = 2_000;
const RESEND_LONGEST_MS = 30_000;
/** Wall ms until a full mailbox is tried again. */
const FULL_MS = 500;
/** Life of a driver app's card, wall ms; renewed when its delivery is sent again. */
const CARD_TTL_MS = 24 * 3_600_000;

interface Sendable extends CommandRow {
  readonly pickup_name: string | null;
  readonly pickup_note: string | null;
  readonly dropoff_note: string | null;
  readonly external_id: string;
  readonly proof: StoredNeeds | null;
}

export interface CommandRelayOptions {
  readonly database: Database;
  readonly door: Door;
  readonly onError: (error: unknown) => void;
  /** Counts sends: 'ok' or 'full'. */
  readonly onSent: (outcome: 'ok' | 'full', attempts: number) => void;
}

/** Starts a relay; several may run at once. */
export function startCommandRelay(options: CommandRelayOptions): Pump {
  const pump = startPump({
    work: () => sendBatch(options),
    pollMs: POLL_MS,
    backOffMs: [200, 5_000],
    onError: options.onError,
  });
  const listener = listen(options.database, 'deliveries_commands', () => pump.wake());
  return {
    wake: () => pump.wake(),
    async stop() {
      await listener.stop();
      await pump.stop();
    },
  };
}

async function sendBatch({ database, door, onSent }: CommandRelayOptions): Promise<boolean> {
  const rows = await reserve(database);
  if (rows.length === 0) return false;
  const full: CommandRow[] = [];
  const failures: unknown[] = [];
  await Promise.all(
    rows.map(async (row) => {
      try {
        if (row.command.type === 'delivery.request') {
          await door.putCard(row.delivery, cardOf(row), CARD_TTL_MS);
        }
        const outcome = await door.append({
          zone: row.zone,
          command: row.command,
          ...(row.correlation === null ? {} : { correlation: row.correlation }),
        });
        onSent(outcome, row.attempts);
        if (outcome === 'full') full.push(row);
      } catch (error) {
        full.push(row);
        failures.push(error);
      }
    }),
  );
  if (full.length > 0) await postpone(database.knex, full);
  if (failures.length > 0) throw failures[0];
  return rows.length === BATCH_MAX && full.length === 0;
}

/** What the driver app shows of a delivery beyond places: names and notes never enter the log. */
function cardOf(row: Sendable): string {
  return JSON.stringify({
    delivery: row.delivery,
    reference: row.external_id,
    pickupName: row.pickup_name,
    pickupNote: row.pickup_note,
    dropoffNote: row.dropoff_note,
    proof: needsOf(row.proof),
  });
}

/**
 * Takes the due ones and sets their next time first: a crash only means a later re-send. Only a walk
 * along the index marks the entries of commands that are done, so that the next walk passes them by:
 * the plan that first collects them all visited each of 200,000 in every look, for 18 ms. Earlier ones
 * are looked up by key, because their state is said in another way than the index of waiting ones has
 * it: statistics of a quiet hour made that look at all 20,000 of a backlog for each of them.
 */
async function reserve(database: Database): Promise<Sendable[]> {
  return database.transaction(async (trx) => {
    await trx.raw('SET LOCAL enable_bitmapscan = off');
    const { rows } = await trx.raw<{ rows: Sendable[] }>(
      `WITH due AS (
         SELECT delivery, number FROM commands c
          WHERE state = 'waiting' AND next_at <= now()
            AND NOT EXISTS (SELECT 1 FROM commands p
                 WHERE p.delivery = c.delivery AND p.number < c.number
                   AND p.state NOT IN ('confirmed', 'refused'))
          ORDER BY next_at LIMIT ? FOR UPDATE SKIP LOCKED),
       sent AS (
         UPDATE commands c SET attempts = attempts + 1,
                next_at = now() + LEAST(?, ? * power(2, LEAST(attempts, 12))) * interval '1 millisecond'
           FROM due WHERE c.delivery = due.delivery AND c.number = due.number
         RETURNING c.*)
       SELECT sent.*, d.pickup_name, d.pickup_note, d.dropoff_note, d.external_id, d.proof
         FROM sent JOIN deliveries d ON d.id = sent.delivery
        ORDER BY sent.delivery`,
      [BATCH_MAX, RESEND_LONGEST_MS, RESEND_FIRST_MS],
    );
    return rows;
  });
}

async function postpone(knex: Queryable, rows: readonly CommandRow[]): Promise<void> {
  await knex.raw(
    `UPDATE commands SET attempts = attempts - 1,
            next_at = now() + ? * interval '1 millisecond'
      WHERE state = 'waiting' AND (delivery, number) IN (
        SELECT * FROM unnest(?::text[], ?::int[]))`,
    [FULL_MS, rows.map((row) => row.delivery), rows.map((row) => row.number)],
  );
}
