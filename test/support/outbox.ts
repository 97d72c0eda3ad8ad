/** Owns reading what a service is about to tell, before a relay does. */
import type { Database } from '../../platform/database.ts';
import type { EventEntry } from '../../platform/event-stream.ts';

/** All entries of the outbox, in the order in which each topic will hear them. */
export async function outboxEvents(database: Database): Promise<EventEntry<object>[]> {
  const rows: { payload: EventEntry<object>[] }[] = await database.knex('outbox').orderBy('id');
  return rows.flatMap(({ payload }) => payload);
}
