/** Shifts, and the rules of markets for them. Nobody works twice at one time: Postgres sees to it. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    CREATE TABLE shifts (
      id text PRIMARY KEY,
      zone text NOT NULL,
      market text NOT NULL,
      time_zone text NOT NULL,
      -- what the wall of the zone says
      day text NOT NULL,
      from_clock text NOT NULL,
      to_clock text NOT NULL,
      -- zone ms
      starts_ms bigint NOT NULL,
      ends_ms bigint NOT NULL CHECK (ends_ms > starts_ms),
      late_ms bigint NOT NULL,
      no_show_ms bigint NOT NULL,
      driver text,
      state text NOT NULL CHECK (state IN ('open', 'taken', 'offered', 'swapping', 'cancelled')),
      wanted_by text,
      attendance text NOT NULL DEFAULT 'pending'
        CHECK (attendance IN ('pending', 'on_time', 'late', 'no_show')),
      came_ms bigint,
      planned_by text NOT NULL,
      CHECK ((driver IS NULL) = (state = 'open') OR state = 'cancelled'),
      CHECK ((wanted_by IS NOT NULL) = (state = 'swapping')),
      CONSTRAINT shifts_no_overlap EXCLUDE USING gist
        (driver WITH =, int8range(starts_ms, ends_ms) WITH &&)
        WHERE (driver IS NOT NULL AND state <> 'cancelled')
    );
    CREATE INDEX shifts_zone ON shifts (zone, starts_ms, id);
    CREATE INDEX shifts_start ON shifts (starts_ms, id);
    CREATE INDEX shifts_driver ON shifts (driver, starts_ms) WHERE driver IS NOT NULL;
    CREATE INDEX shifts_waited_for ON shifts (starts_ms)
      WHERE came_ms IS NULL AND attendance <> 'no_show' AND driver IS NOT NULL;

    CREATE TABLE shift_rules (
      market text PRIMARY KEY,
      swap_needs_ops boolean NOT NULL,
      late_ms bigint NOT NULL,
      no_show_ms bigint NOT NULL,
      changed_by text NOT NULL
    );
  `);
}
