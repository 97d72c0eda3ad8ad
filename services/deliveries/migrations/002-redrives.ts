/** What ops sent again, with who and why. Not a projection: it stays when the log is read anew. */
import type { Transaction } from '../../../platform/database.ts';

export async function up(trx: Transaction): Promise<void> {
  await trx.raw(`
    CREATE TABLE redrives (
      request text PRIMARY KEY,
      zone text NOT NULL,
      actor text NOT NULL,
      reason text NOT NULL,
      verb text NOT NULL,
      subject text NOT NULL,
      at_ms bigint NOT NULL,
      data jsonb NOT NULL
    );
    CREATE INDEX redrives_subject ON redrives (subject);
    CREATE INDEX audit_quarantined ON audit (request) WHERE verb = 'input.quarantined';
  `);
}
