/**
 * Changes a zone: works out the next version and stores it. The opener tells the engine; the log
 * confirms. Where a zone is and which shard has it never change.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Zone, ZoneChange } from '../../contracts/api/zones.ts';
import { WaggleError } from '../../contracts/errors.ts';
import { newId } from '../../contracts/ids.ts';
import type { Weights, ZoneConfig, ZonePolicy } from '../../contracts/zone.ts';
import { type Call, requireUser } from '../../platform/service.ts';
import * as queries from './queries.ts';
import { waitUntilOpen, type ZonesDeps } from './zones.ts';

/** Changes a zone and waits a moment for the engine to confirm it. */
export async function change(deps: ZonesDeps, params: ZoneChange, call: Call): Promise<Zone> {
  requireUser(call);
  const { knex } = deps.database;
  if (!params.name && !params.policy && !params.weights) {
    const expected = 'name, policy or weights beside the reason';
    throw new WaggleError('request.invalid', undefined, [{ field: '/', expected }]);
  }
  const row = await queries.zoneById(knex, params.id);
  if (row === undefined) throw new WaggleError('resource.not_found');
  const config = nextConfig(row.config, params);
  const name = params.name ?? row.name;
  // Sent again because its answer was lost: done is done.
  if (config === null && name === row.name) return waitUntilOpen(deps, row.id);
  await putNext(
    deps,
    row,
    {
      name,
      config: config ?? { ...row.config, version: row.config.version + 1 },
      reason: params.reason,
    },
    call,
  );
  return waitUntilOpen(deps, row.id);
}

/** Stores a zone's next version and has the engine told. Throws `resource.conflict` when it is too soon. */
export async function putNext(
  deps: ZonesDeps,
  row: queries.ZoneRow,
  next: { readonly name: string; readonly config: ZoneConfig; readonly reason: string },
  call: Call,
): Promise<void> {
  if (!row.open) throw inBetween();
  const { name, config, reason } = next;
  const { speed } = (await deps.door()).clock;
  const change = { request: newId('control'), actor: requireUser(call).sub, reason };
  const version = { name, config, speed, change };
  if (!(await queries.putVersion(deps.database.knex, row.id, version))) throw inBetween();
  deps.wakeOpener();
}

/** Each version stands in the audit by itself, so the one before must be in the log first. */
function inBetween(): WaggleError {
  return new WaggleError('resource.conflict', 'the change before is not confirmed yet; try again');
}

/** The next version; null: policy and weights stay as they are. */
function nextConfig(config: ZoneConfig, params: ZoneChange): ZoneConfig | null {
  const policy: ZonePolicy = {
    ...config.policy,
    ...params.policy,
    speedMmps: { ...config.policy.speedMmps, ...params.policy?.speedMmps },
  };
  const weights: Weights = { ...config.weights, ...params.weights };
  const sameWeights = isDeepStrictEqual(weights, config.weights);
  if (sameWeights && isDeepStrictEqual(policy, config.policy)) return null;
  const version = sameWeights ? weights.version : weights.version + 1;
  return { ...config, version: config.version + 1, policy, weights: { ...weights, version } };
}
