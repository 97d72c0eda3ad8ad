/** Drivers and their vehicles. Duty and position are the engine's, never stored here. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE drivers (
      id text PRIMARY KEY,
      user_id text NOT NULL UNIQUE,
      name text NOT NULL,
      fleet text,
      skills text[] NOT NULL,
      approved boolean NOT NULL DEFAULT false,
      approved_by text,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX drivers_approved ON drivers (approved, id);
    CREATE TABLE vehicles (
      id text PRIMARY KEY,
      driver text NOT NULL REFERENCES drivers (id) ON DELETE CASCADE,
      kind text NOT NULL,
      plate text,
      parcels integer NOT NULL CHECK (parcels >= 0),
      volume_ml integer NOT NULL CHECK (volume_ml >= 0),
      weight_g integer NOT NULL CHECK (weight_g >= 0)
    );
    CREATE INDEX vehicles_driver ON vehicles (driver, id);
  `);
}
