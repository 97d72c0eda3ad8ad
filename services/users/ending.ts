/** Ending log-ins: their refresh tokens go, and whoever checks access tokens hears of it. */
import type { SessionId, UserId } from '../../contracts/ids.ts';
import { SESSION_STREAM, type SessionsEnded } from '../../contracts/messages/users.ts';
import type { Database, Transaction } from '../../platform/database.ts';
import { enqueue } from '../../platform/outbox.ts';
import * as queries from './queries.ts';

/** Ends all of a person's, but the one that is named. */
export async function endSessions(
  trx: Transaction,
  user: UserId,
  correlation: string | undefined,
  except?: SessionId,
): Promise<void> {
  await queries.endSessionsOf(trx, user, except);
  const kept = except === undefined ? {} : { except };
  await tell(trx, { type: 'sessions.ended', user, ...kept, atMs: Date.now() }, correlation);
}

/** Ends the log-in that a refresh token descends from. */
export async function endSessionOf(
  database: Database,
  hash: string,
  correlation: string | undefined,
): Promise<void> {
  await database.transaction(async (trx) => {
    const ended = await queries.endFamilyOf(trx, hash);
    if (ended === undefined) return;
    await tell(trx, { type: 'sessions.ended', ...ended, atMs: Date.now() }, correlation);
  });
}

async function tell(
  trx: Transaction,
  payload: SessionsEnded,
  correlation: string | undefined,
): Promise<void> {
  await enqueue(trx, [{ key: payload.user, topic: SESSION_STREAM, payload, correlation }]);
}
