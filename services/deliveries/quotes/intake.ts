/**
 * What ops has set on the intake of zones, as the logs tell: paused, or promises stretched. Kept in
 * memory for a moment, so that a price costs no query. A hint: the zone itself decides.
 */
import type { ControlKind } from '../../../contracts/zone.ts';
import type { Database, Queryable } from '../../../platform/database.ts';

/** Host ms that what was read is good for. */
const FRESH_MS = 2_000;
const KINDS: readonly ControlKind[] = ['pause_intake', 'stretch_promises'];
const SET = 'control.';

interface ControlRow {
  readonly zone: string;
  readonly verb: string;
  readonly data: { readonly value?: number; readonly untilMs?: number };
}

export interface Intake {
  /** The value of a control that stands at this zone time; 0: it does not. */
  control(zone: string, kind: ControlKind, atMs: number): Promise<number>;
}

/** Reads at the first question and when what it knows is old; keeps that when it cannot read. */
export function createIntake(database: Database): Intake {
  let known = new Map<string, ControlRow>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    try {
      const rows = await newestControls(database.knex);
      known = new Map(rows.map((row) => [`${row.zone} ${row.verb}`, row]));
    } finally {
      readAtMs = performance.now();
      reading = undefined;
    }
  };
  return {
    async control(zone, kind, atMs) {
      if (performance.now() - readAtMs > FRESH_MS) {
        reading ??= read();
        // Who finds something known does not wait for the newer; the first one does.
        const first = readAtMs === Number.NEGATIVE_INFINITY;
        if (first) await reading;
        else reading.catch(() => {});
      }
      const row = known.get(`${zone} ${SET}${kind}`);
      return row !== undefined && (row.data.untilMs ?? 0) > atMs ? (row.data.value ?? 0) : 0;
    },
  };
}

/** Of each zone and kind the last one set, unless it ended after that. */
async function newestControls(knex: Queryable): Promise<ControlRow[]> {
  const { rows } = await knex.raw<{ rows: ControlRow[] }>(
    `SELECT DISTINCT ON (zone, kind) zone, verb, data
       FROM (SELECT zone, verb, data, epoch, seq, index, split_part(verb, '.', 2) AS kind
               FROM audit WHERE verb LIKE 'control%') AS controls
      WHERE kind = ANY(?)
      ORDER BY zone, kind, epoch DESC, seq DESC, index DESC`,
    [[...KINDS]],
  );
  return rows.filter(({ verb }) => verb.startsWith(SET));
}
