/** Actions from the cart to the rating. What happens to an order in between is the saga's. */
import type { ServiceSchema } from 'moleculer';
import * as carts from '../../../contracts/api/carts.ts';
import * as checkouts from '../../../contracts/api/checkouts.ts';
import * as orders from '../../../contracts/api/orders.ts';
import * as pricing from '../../../contracts/api/price-policy.ts';
import * as promotionSchemas from '../../../contracts/api/promotions.ts';
import * as ratingSchemas from '../../../contracts/api/ratings.ts';
import type { createActionBuilder } from '../../../platform/service.ts';
import { rate } from '../care/ratings.ts';
import * as promotions from '../promotions/promotions.ts';
import { getCheckout } from './checkouts.ts';
import * as placing from './placing.ts';
import { getPolicy, setPolicy } from './price-policies.ts';
import { reorder } from './reordering.ts';

/** Actions whose refusals are counted. */
export const COUNTED = ['price', 'place', 'checkOut'] as const;

export function cartActions(
  action: ReturnType<typeof createActionBuilder>,
  deps: placing.OrdersDeps,
): NonNullable<ServiceSchema['actions']> {
  const { knowledge, ...others } = deps;
  const policyDeps = { ...others, forgetPolicy: knowledge.forgetPolicy };
  return {
    price: action<carts.OrderPlace, carts.CartPrice>({
      params: carts.ORDER_PLACE,
      handler: (params, call) => placing.price(deps, params, call),
    }),
    place: action<carts.OrderPlace, orders.OrderPlaced>({
      params: carts.ORDER_PLACE,
      handler: (params, call) => placing.place(deps, params, call),
    }),
    checkOut: action<checkouts.CheckoutPlace, checkouts.CheckoutPlaced>({
      params: checkouts.CHECKOUT_PLACE,
      handler: (params, call) => placing.checkOut(deps, params, call),
    }),
    getCheckout: action<checkouts.CheckoutRef, checkouts.Checkout>({
      params: checkouts.CHECKOUT_REF,
      handler: ({ id }, call) => getCheckout(deps.database, id, call),
    }),
    reorder: action<orders.OrderRef, carts.Reorder>({
      params: orders.ORDER_REF,
      handler: ({ id }, call) => reorder(deps, id, call),
    }),
    rate: action<ratingSchemas.RatingGive, orders.Order>({
      params: ratingSchemas.RATING_GIVE,
      handler: (params, call) => rate(deps, params, call),
    }),
    createPromotion: action<promotionSchemas.PromotionCreate, promotionSchemas.Promotion>({
      params: promotionSchemas.PROMOTION_CREATE,
      handler: (params, call) => promotions.createPromotion(deps, params, call),
    }),
    listPromotions: action<promotionSchemas.PromotionQuery, promotionSchemas.PromotionList>({
      params: promotionSchemas.PROMOTION_QUERY,
      handler: (params, call) => promotions.listPromotions(deps, params, call),
    }),
    endPromotion: action<promotionSchemas.PromotionRef, promotionSchemas.Promotion>({
      params: promotionSchemas.PROMOTION_REF,
      handler: ({ id }, call) => promotions.endPromotion(deps, id, call),
    }),
    getPricePolicy: action<pricing.PricePolicyRef, pricing.PricePolicy>({
      params: pricing.PRICE_POLICY_REF,
      handler: (params) => getPolicy(policyDeps, params),
    }),
    setPricePolicy: action<pricing.PricePolicySet, pricing.PricePolicy>({
      params: pricing.PRICE_POLICY_SET,
      handler: (params, call) => setPolicy(policyDeps, params, call),
    }),
  };
}
