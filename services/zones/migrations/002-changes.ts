/**
 * Zones may change. `config` keeps phones' limits in wall time from here on, as they were given;
 * `speed` is the speed of zone time that the engine's copy of this version is stretched to, and
 * `change` who asked for this version, and why.
 */
import type { Transaction } from '../../../platform/database.ts';

/** What limits of phones in zones made so far were stretched by: `repeatMs` was always 3 s. */
const STRETCHED = ['offerUnseenMs', 'repeatMs', 'staleMs', 'suspendMs'];

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    ALTER TABLE zones ADD COLUMN speed double precision, ADD COLUMN change jsonb;
    UPDATE zones SET speed = greatest(1, (config #>> '{policy,repeatMs}')::float8 / 3000);
    ALTER TABLE zones ALTER COLUMN speed SET NOT NULL;
  `);
  for (const field of STRETCHED) {
    await trx.raw(
      `UPDATE zones SET config = jsonb_set(config, ARRAY['policy', ?::text],
         to_jsonb(round(((config -> 'policy') ->> ?)::float8 / speed)))`,
      [field, field],
    );
  }
}
