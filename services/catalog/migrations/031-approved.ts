/** Menus of vendors whom ops has not approved are there for their own account only. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw('ALTER TABLE menus ADD COLUMN approved boolean NOT NULL DEFAULT true');
}
