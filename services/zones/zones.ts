/** Markets and zones: made from a polygon, placed on a shard, steered by live controls. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FromSchema } from 'json-schema-to-ts';
import type {
  ClockView,
  ControlCreate,
  OPS_ACCEPTED,
  Redispatch,
  Zone,
  ZoneCreate,
  ZoneList,
} from '../../contracts/api/zones.ts';
import type { OpsCommand } from '../../contracts/commands.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { GeoPolygon } from '../../contracts/geo.ts';
import { newId, type ZoneId } from '../../contracts/ids.ts';
import type { NodePicture } from '../../contracts/push.ts';
import { DEFAULT_POLICY, DEFAULT_WEIGHTS, type ZoneConfig } from '../../contracts/zone.ts';
import { zoneGeometry } from '../../dispatch/geometry.ts';
import type { Door } from '../../dispatch/redis/door.ts';
import type { Database } from '../../platform/database.ts';
import { repeatable } from '../../platform/idempotency.ts';
import { type Call, requireUser } from '../../platform/service.ts';
import { timeText } from '../../platform/times.ts';
import * as queries from './queries.ts';

const OPEN_LOOK_MS = 50;

export type OpsAccepted = FromSchema<typeof OPS_ACCEPTED>;

export interface ZonesDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  /** Zone ms between rounds when the zone does not say. */
  readonly roundMs: number;
  /** How long making a zone waits for the engine before it answers "not open yet", host ms. */
  readonly openWaitMs: number;
  /** Makes the opener look at once. */
  readonly wakeOpener: () => void;
}

function invalid(field: string, expected: string): WaggleError {
  return new WaggleError('request.invalid', undefined, [{ field, expected }]);
}

/** Makes a zone and waits a moment for the engine to open it. */
export async function create(deps: ZonesDeps, params: ZoneCreate, call: Call): Promise<Zone> {
  const actor = requireUser(call).sub;
  const market = await queries.marketById(deps.database.knex, params.market);
  if (market === undefined) throw invalid('/market', 'a market of this installation');
  const polygon = params.polygon as GeoPolygon;
  checkPolygon(polygon);
  const geometry = geometryOf(polygon);
  const door = await deps.door();
  const { id } = await repeatable(deps.database, call, ['zone', params], async (trx) => {
    const id = newId('zone');
    const shard = await queries.leastLoadedShard(trx, door.shards);
    const config: ZoneConfig = {
      id,
      market: market.id,
      shard,
      version: 1,
      currency: market.currency,
      timeZone: market.time_zone,
      ...geometry,
      weights: { ...DEFAULT_WEIGHTS, ...params.weights },
      policy: {
        ...DEFAULT_POLICY,
        roundMs: deps.roundMs,
        ...params.policy,
        speedMmps: { ...DEFAULT_POLICY.speedMmps, ...params.policy?.speedMmps },
      },
    };
    const { speed } = door.clock;
    const zone = { id, market: market.id, name: params.name, shard, polygon, config, speed };
    await queries.insertZone(trx, { ...zone, created_by: actor });
    return { id };
  });
  deps.wakeOpener();
  return waitUntilOpen(deps, id);
}

/** Waits a moment for the engine; the answer says whether it has confirmed the newest version. */
export async function waitUntilOpen(deps: ZonesDeps, id: ZoneId): Promise<Zone> {
  const deadline = Date.now() + deps.openWaitMs;
  for (;;) {
    const zone = await get(deps, id);
    if (zone.open || Date.now() >= deadline) return zone;
    await delay(OPEN_LOOK_MS);
  }
}

function checkPolygon(polygon: GeoPolygon): void {
  polygon.coordinates.forEach((ring, index) => {
    const first = ring[0];
    const last = ring.at(-1);
    if (first?.[0] !== last?.[0] || first?.[1] !== last?.[1]) {
      throw invalid(
        `/polygon/coordinates/${index}`,
        'a closed ring: the first point again at its end',
      );
    }
    if (ring.some(([, lat]) => Math.abs(lat ?? 91) > 90)) {
      throw invalid(`/polygon/coordinates/${index}`, 'latitudes in [-90, 90], after the longitude');
    }
  });
}

function geometryOf(polygon: GeoPolygon): ReturnType<typeof zoneGeometry> {
  try {
    return zoneGeometry(polygon);
  } catch (error) {
    if (error instanceof RangeError) throw invalid('/polygon', error.message);
    throw error;
  }
}

export async function list(deps: ZonesDeps): Promise<ZoneList> {
  const rows = await queries.listZones(deps.database.knex);
  return { items: rows.map(queries.zoneView) };
}

export async function get(deps: ZonesDeps, id: string): Promise<Zone> {
  const row = await queries.zoneById(deps.database.knex, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  return queries.zoneView(row);
}

/** Sets a live control. It is a command: who, why and until when go into the log. */
export async function control(
  deps: ZonesDeps,
  params: ControlCreate,
  call: Call,
): Promise<OpsAccepted> {
  const actor = requireUser(call).sub;
  const door = await deps.door();
  return send(deps, params.id, call, (request) => ({
    type: 'zone.control',
    request,
    control: {
      kind: params.kind,
      value: params.value,
      actor,
      reason: params.reason,
      untilMs: door.clock.zoneMs() + params.forSeconds * 1000,
    },
  }));
}

export async function redispatch(
  deps: ZonesDeps,
  params: Redispatch,
  call: Call,
): Promise<OpsAccepted> {
  const actor = requireUser(call).sub;
  return send(deps, params.id, call, (request) => ({
    type: 'zone.redispatch',
    request,
    actor,
    reason: params.reason,
  }));
}

async function send(
  deps: ZonesDeps,
  id: string,
  call: Call,
  make: (request: string) => OpsCommand,
): Promise<OpsAccepted> {
  await get(deps, id);
  const request = newId('control');
  const door = await deps.door();
  const outcome = await door.append({
    zone: id,
    command: make(request),
    correlation: call.correlationId,
  });
  if (outcome === 'full') throw new WaggleError('shard.overloaded');
  return { request };
}

export async function nodes(deps: ZonesDeps): Promise<{ items: readonly NodePicture[] }> {
  return { items: await (await deps.door()).nodePictures() };
}

export async function clock(deps: ZonesDeps): Promise<ClockView> {
  const door = await deps.door();
  const zoneMs = Math.round(door.clock.zoneMs());
  return {
    zoneTime: timeText(zoneMs),
    zoneMs,
    hostMs: Math.round(door.clock.hostMs()),
    speed: door.clock.speed,
  };
}
