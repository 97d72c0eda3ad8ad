/** Forgets who is to be forgotten now, without waiting until somebody is due. */
import type { Database } from '../../platform/database.ts';
import { eraseDue, type Forgetting } from '../../platform/erasure.ts';

export async function eraseNow(database: Database, forgetting: Forgetting): Promise<void> {
  await database.knex.raw('UPDATE erasures SET look_at = now()');
  while (await eraseDue(database, forgetting));
}
