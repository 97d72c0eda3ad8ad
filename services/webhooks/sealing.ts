/** Secrets of webhooks at rest: sealed for their row, and sealed anew when there is a newer key. */
import type { WebhookId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import { type Pump, startPump } from '../../platform/pump.ts';
import type { SecretBox } from '../../platform/secret-box.ts';

/** Where a secret is kept, to the box. */
export function placeOf(webhook: WebhookId): string {
  return `webhook ${webhook}`;
}

const AT_ONCE = 500;
const LOOK_MS = 3_600_000;

interface Row {
  readonly id: WebhookId;
  readonly secret: string;
  readonly previous_secret: string | null;
}

/** Seals with the first key what is not, a bounded number at once; true: there may be more. */
export async function sealAnew(database: Database, box: SecretBox): Promise<boolean> {
  return database.transaction(async (trx) => {
    const rows: Row[] = await trx('webhooks')
      .select('id', 'secret', 'previous_secret')
      .whereRaw('NOT (starts_with(secret, ?) AND starts_with(coalesce(previous_secret, ?), ?))', [
        ...[box.prefix, box.prefix, box.prefix],
      ])
      .orderBy('id')
      .limit(AT_ONCE)
      .forUpdate()
      .skipLocked();
    for (const { id, secret, previous_secret: previous } of rows) {
      const again = (text: string): string => box.seal(box.open(text, placeOf(id)), placeOf(id));
      await trx('webhooks')
        .where({ id })
        .update({
          secret: again(secret),
          previous_secret: previous === null ? null : again(previous),
        });
    }
    return rows.length === AT_ONCE;
  });
}

/** Does so at the start, and now and then: processes of before may still write. */
export function startSealing(
  database: Database,
  box: SecretBox,
  onError: (error: unknown) => void,
): Pump {
  return startPump({
    work: () => sealAnew(database, box),
    pollMs: LOOK_MS,
    backOffMs: [1_000, LOOK_MS],
    onError,
  });
}
