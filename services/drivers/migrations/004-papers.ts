/** Papers, background checks, what markets ask for, and what is left of a driver who is gone. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE drivers ADD COLUMN market text;
    ALTER TABLE drivers ADD COLUMN deleted_at timestamptz;

    CREATE TABLE papers (
      id text PRIMARY KEY,
      driver text NOT NULL REFERENCES drivers (id) ON DELETE CASCADE,
      kind text NOT NULL,
      vehicle text REFERENCES vehicles (id) ON DELETE CASCADE,
      number text,
      -- the last day it holds, YYYY-MM-DD; wall time
      expires_on text,
      state text NOT NULL
        CHECK (state IN ('waiting', 'submitted', 'approved', 'rejected', 'expired')),
      reason text,
      file text NOT NULL UNIQUE,
      file_type text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      reviewed_at timestamptz,
      reviewed_by text,
      -- days that were left at the last warning
      warned_days integer
    );
    CREATE INDEX papers_driver ON papers (driver, id);
    CREATE INDEX papers_state ON papers (state, id);
    CREATE INDEX papers_expiry ON papers (expires_on) WHERE state = 'approved';

    CREATE TABLE backgrounds (
      driver text PRIMARY KEY REFERENCES drivers (id) ON DELETE CASCADE,
      state text NOT NULL,
      reference text,
      note text,
      changed_by text NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE policies (
      market text PRIMARY KEY,
      papers jsonb NOT NULL,
      background_check boolean NOT NULL,
      changed_by text NOT NULL
    );

    -- Files that must still be deleted: written with the row that named them gone.
    CREATE TABLE doomed_files (file text PRIMARY KEY);
  `);
}
