import { type Route, route } from '#platform/route.ts'
import { promotionExample as example } from './examples.ts'
import {
  createPromotionBody,
  listPromotionsQuery,
  promotionParams as params,
  promotionList,
  promotionSchema as response,
  updatePromotionBody,
} from './promotion-schemas.ts'
import type { CheckoutService } from './service.ts'

const tag = 'Promotion codes'
const writers = ['service', 'merchant', 'platform'] as const
const readers = [...writers, 'bot', 'finance'] as const

export const promotionRoutes = (checkouts: CheckoutService): Route[] => [
  route({
    method: 'post',
    path: '/v1/promotion_codes',
    operationId: 'createPromotionCode',
    tag,
    summary: 'Create a promotion code',
    description: 'A discount on the goods of a checkout: a percentage, or an amount of one currency.',
    roles: writers,
    body: createPromotionBody,
    response,
    errors: ['parameters_exclusive', 'parameter_missing', 'resource_already_exists'],
    example,
    handler: ({ body, ...scope }) => checkouts.promotions.create(scope, body),
  }),
  route({
    method: 'get',
    path: '/v1/promotion_codes',
    operationId: 'listPromotionCodes',
    tag,
    summary: 'List promotion codes',
    roles: readers,
    query: listPromotionsQuery,
    response: promotionList,
    example: { object: 'list', url: '/v1/promotion_codes', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => checkouts.promotions.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/promotion_codes/:id',
    operationId: 'retrievePromotionCode',
    tag,
    summary: 'Retrieve a promotion code',
    roles: readers,
    params,
    response,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => checkouts.promotions.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/promotion_codes/:id',
    operationId: 'updatePromotionCode',
    tag,
    summary: 'Update a promotion code',
    description: 'Only `active` and `metadata` change. Checkouts that have counted the code already keep it.',
    roles: writers,
    params,
    body: updatePromotionBody,
    response,
    errors: ['resource_missing', 'resource_already_exists'],
    example: { ...example, active: false },
    handler: ({ params: { id }, body, ...scope }) => checkouts.promotions.update(scope, id, body),
  }),
]
