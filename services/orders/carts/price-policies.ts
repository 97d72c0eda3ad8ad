/** The price policy of each market: kept here, changed by ops, read for every cart. */
import type {
  PricePolicy,
  PricePolicyRef,
  PricePolicySet,
} from '../../../contracts/api/price-policy.ts';
import { WaggleError } from '../../../contracts/errors.ts';
import type { Door } from '../../../dispatch/redis/door.ts';
import type { Database, Queryable } from '../../../platform/database.ts';
import { type Call, requireUser } from '../../../platform/service.ts';
import type { PriceTerms } from './pricing.ts';

/** What a market has that has not said so: no fees of ours, no tax shown. */
const USUAL: Omit<PricePolicy, 'market'> = {
  taxInclusive: true,
  taxes: [],
  feeTaxClass: null,
  serviceFeeBasisPoints: 0,
  serviceFeeMinMinor: 0,
  serviceFeeMaxMinor: 100_000_000,
  smallOrderBelowMinor: 0,
  smallOrderFeeMinor: 0,
};

export interface PolicyDeps {
  readonly database: Database;
  readonly door: () => Promise<Door>;
  readonly forgetPolicy: (market: string) => void;
}

/** The policy of a market; the usual one when nothing was set. */
export async function policyOf(db: Queryable, market: string): Promise<PricePolicy> {
  const row: { policy: PricePolicy } | undefined = await db('price_policies')
    .where({ market })
    .first('policy');
  return { ...USUAL, ...row?.policy, market };
}

export async function getPolicy(deps: PolicyDeps, params: PricePolicyRef): Promise<PricePolicy> {
  await checkMarket(deps, params.market);
  return policyOf(deps.database.knex, params.market);
}

export async function setPolicy(
  deps: PolicyDeps,
  policy: PricePolicySet,
  call: Call,
): Promise<PricePolicy> {
  await checkMarket(deps, policy.market);
  checkPolicy(policy);
  const { market } = policy;
  const row = { market, policy: JSON.stringify(policy), set_by: requireUser(call).sub };
  await deps.database
    .knex('price_policies')
    .insert(row)
    .onConflict('market')
    .merge({ policy: row.policy, set_by: row.set_by, set_at: new Date() });
  deps.forgetPolicy(market);
  return policy;
}

/** A market is known by its zones: nothing is sold where there is none. */
async function checkMarket({ door }: PolicyDeps, market: string): Promise<void> {
  const zones = (await door()).zones();
  if (!zones.some((zone) => zone.market === market)) throw new WaggleError('resource.not_found');
}

function checkPolicy(policy: PricePolicySet): void {
  if (policy.serviceFeeMinMinor > policy.serviceFeeMaxMinor) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/serviceFeeMinMinor', expected: 'not above serviceFeeMaxMinor' },
    ]);
  }
  if (new Set(policy.taxes.map(({ taxClass }) => taxClass)).size < policy.taxes.length) {
    throw new WaggleError('request.invalid', undefined, [
      { field: '/taxes', expected: 'each tax class once' },
    ]);
  }
}

/** What a cart is priced with, once its way has a price. */
export function priceTerms(policy: PricePolicy, deliveryFeeMinor: number): PriceTerms {
  const { taxes, market: _market, ...terms } = policy;
  return {
    ...terms,
    deliveryFeeMinor,
    taxPerMillion: Object.fromEntries(
      taxes.map(({ taxClass, perMillion }) => [taxClass, perMillion]),
    ),
  };
}
