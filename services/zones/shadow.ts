/**
 * The shadow of a zone: set, replaced and taken away as every change of a zone is (a version, told to
 * the engine until its log shows it, audited); and what the node that tries it last said of it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ShadowClear, ShadowSet, ShadowView } from '../../contracts/api/shadow.ts';
import type { ZoneRef } from '../../contracts/api/zones.ts';
import { WaggleError } from '../../contracts/errors.ts';
import type { ShadowReport, ZoneShadow } from '../../contracts/shadow.ts';
import type { ZoneConfig } from '../../contracts/zone.ts';
import type { Call } from '../../platform/service.ts';
import { timeText } from '../../platform/times.ts';
import { putNext } from './changing.ts';
import * as queries from './queries.ts';
import { waitUntilOpen, type ZonesDeps } from './zones.ts';

export async function setShadow(
  deps: ZonesDeps,
  params: ShadowSet,
  call: Call,
): Promise<ShadowView> {
  const row = await rowOf(deps, params.id);
  const sinceMs = Math.round((await deps.door()).clock.zoneMs());
  const shadow = shadowOf(row.config, params, sinceMs);
  if (!isSame(row.config.shadow, shadow)) {
    const config = { ...row.config, version: shadow.version, shadow };
    await putNext(deps, row, { name: row.name, config, reason: params.reason }, call);
  }
  return confirmed(deps, params.id);
}

export async function clearShadow(
  deps: ZonesDeps,
  params: ShadowClear,
  call: Call,
): Promise<ShadowView> {
  const row = await rowOf(deps, params.id);
  const { shadow, ...rest } = row.config;
  if (shadow) {
    const config = { ...rest, version: rest.version + 1 };
    await putNext(deps, row, { name: row.name, config, reason: params.reason }, call);
  }
  return confirmed(deps, params.id);
}

/** What is tried, and how it does. The report of another shadow than the one that is set is left out. */
export async function getShadow(deps: ZonesDeps, params: ZoneRef): Promise<ShadowView> {
  const row = await rowOf(deps, params.id);
  const { shadow, weights } = row.config;
  const report = shadow ? await (await deps.door()).shadowReport(row.id) : null;
  const isOurs = report !== null && report.versions.shadow === shadow?.version;
  return {
    zone: row.id,
    open: row.open,
    liveWeights: { ...weights },
    setting: shadow
      ? {
          version: shadow.version,
          since: timeText(shadow.sinceMs),
          weights: { ...shadow.weights },
          policy: { ...shadow.policy },
        }
      : null,
    report: isOurs ? reportView(report) : null,
  };
}

async function rowOf(deps: ZonesDeps, id: string): Promise<queries.ZoneRow> {
  const row = await queries.zoneById(deps.database.knex, id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  return row;
}

async function confirmed(deps: ZonesDeps, id: ZoneRef['id']): Promise<ShadowView> {
  await waitUntilOpen(deps, id as ZoneConfig['id']);
  return getShadow(deps, { id });
}

/** The shadow as the next version of the zone would carry it. */
function shadowOf(config: ZoneConfig, params: ShadowSet, sinceMs: number): ZoneShadow {
  const version = config.version + 1;
  return {
    version,
    weights: { ...config.weights, ...params.weights, version },
    policy: { ...params.policy },
    sinceMs,
  };
}

/** The same weights and limits, whenever they were set: sent again, or set once more. */
function isSame(before: ZoneShadow | undefined, next: ZoneShadow): boolean {
  if (!before) return false;
  const weights = { ...next.weights, version: before.weights.version };
  return (
    isDeepStrictEqual(before.weights, weights) && isDeepStrictEqual(before.policy, next.policy)
  );
}

function reportView(report: ShadowReport): NonNullable<ShadowView['report']> {
  const { node, versions, following, predicted, simulated } = report;
  const { fromMs, toMs } = report.window;
  return {
    node,
    at: timeText(report.atMs),
    versions,
    window: { from: timeText(fromMs), to: timeText(toMs) },
    following,
    predicted,
    simulated,
  };
}
