/**
 * Sees to it that every zone of the table is in the directory and open in the engine. Sends
 * `zone.open`, which is idempotent, until the log of the shard shows it. Never decides about zones.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OpsCommand } from '../../contracts/commands.ts';
import { newId, type ZoneId } from '../../contracts/ids.ts';
import type { Door, LogPosition } from '../../dispatch/redis/door.ts';
import type { Database } from '../../platform/database.ts';
import * as queries from './queries.ts';

const LOG_PAGE = 500;
/** Log pages read per look; the rest next time. */
const PAGES_MAX = 20;

/** Host ms until an opening that was not answered is sent again. */
const RESEND_MS = 2_000;

/** When each zone's opening was last sent, host ms; kept by whoever calls. */
export type SentTimes = Map<ZoneId, number>;

/** One look at all zones; true when some are not open yet. */
export async function openZones(database: Database, door: Door, sent: SentTimes): Promise<boolean> {
  const rows = await queries.listZones(database.knex);
  const markets = new Map((await queries.listMarkets(database.knex)).map((row) => [row.id, row]));
  let waiting = false;
  for (const stored of rows) {
    const row = await atSpeed(database, stored, door.clock.speed);
    const known = door.zone(row.id);
    const entry = queries.zoneEntry(row, markets.get(row.market));
    if (known?.version === entry.version && !isDeepStrictEqual(known.terms, entry.terms)) {
      await door.putZone(entry);
    }
    if (known === undefined || known.version < row.config.version) {
      // New, or the store of the engine was emptied: begin anew.
      await door.putZone(entry);
      await queries.setOpen(database.knex, row, false);
      row.open = false;
    }
    if (row.open) continue;
    if (!(await tryToOpen(database, door, row, sent))) waiting = true;
  }
  return waiting;
}

async function tryToOpen(
  database: Database,
  door: Door,
  row: queries.ZoneRow,
  sent: SentTimes,
): Promise<boolean> {
  let from: LogPosition | null =
    row.sent_epoch === null || row.sent_seq === null
      ? null
      : { epoch: row.sent_epoch, seq: row.sent_seq };
  if (from === null) {
    from = await door.logEnd(row.shard);
    await queries.setSent(database.knex, row.id, from);
  }
  if ((await isInLog(door, row, from)) || (await isHosted(door, row))) {
    await queries.setOpen(database.knex, row, true);
    sent.delete(row.id);
    return true;
  }
  if (Date.now() - (sent.get(row.id) ?? 0) < RESEND_MS) return false;
  sent.set(row.id, Date.now());
  await door.append({ zone: row.id, command: openingOf(row) });
  return false;
}

function openingOf(row: queries.ZoneRow): OpsCommand {
  const config = queries.engineConfig(row);
  return { type: 'zone.open', config, ...(row.change === null ? {} : { change: row.change }) };
}

/** Zone time runs at another speed than when the zone was last told: phones' limits follow. */
async function atSpeed(
  database: Database,
  row: queries.ZoneRow,
  speed: number,
): Promise<queries.ZoneRow> {
  if (Math.max(1, row.speed) === Math.max(1, speed)) return row;
  const reason = `zone time runs at speed ${speed} now, ${row.speed} before`;
  // What a person asked for and the log has not shown yet keeps its name.
  const asked = row.open ? null : row.change;
  const next = {
    name: row.name,
    config: { ...row.config, version: row.config.version + 1 },
    speed,
    change: asked ?? { request: newId('control'), actor: 'engine', reason },
  };
  await queries.putVersion(database.knex, row.id, next);
  return (await queries.zoneById(database.knex, row.id)) ?? row;
}

async function isInLog(door: Door, row: queries.ZoneRow, from: LogPosition): Promise<boolean> {
  let after = from;
  for (let page = 0; page < PAGES_MAX; page++) {
    const entries = await door.readLog(row.shard, after, LOG_PAGE);
    for (const { record, position } of entries) {
      after = position;
      const found = record.events.some(
        ({ event }) =>
          (event.type === 'zone.opened' || event.type === 'zone.configured') &&
          event.config.id === row.id &&
          event.config.version >= row.config.version,
      );
      if (found) return true;
    }
    if (entries.length < LOG_PAGE) return false;
  }
  return false;
}

/** The log may be trimmed past the opening; a node that hosts the zone proves it as well. */
async function isHosted(door: Door, row: queries.ZoneRow): Promise<boolean> {
  if (row.config.version > 1) return false;
  const pictures = await door.nodePictures();
  return pictures.some(({ shards }) => shards.some(({ zones }) => zones.includes(row.id)));
}
