import { type Route, route } from '#platform/route.ts'
import {
  attachBody,
  customerMethodsQuery,
  methodList,
  methodParams,
  methodSchema,
  methodsLinkBody,
  methodsLinkSchema,
  methodsQuery,
  onlyExpand,
  type PaymentMethod,
} from './method-schemas.ts'
import type { MethodService } from './method-service.ts'
import type { MethodsPageService } from './methods-page-service.ts'
import type { SetupService } from './setup-service.ts'

const tag = 'Payment methods'
const writers = ['service', 'merchant', 'bot', 'platform'] as const
const roles = [...writers, 'finance'] as const
const errors = ['resource_missing'] as const

const example: PaymentMethod = {
  id: 'pm_01jd2q8k5xf0srd3q7m9w1c4ze',
  object: 'payment_method',
  allow_redisplay: 'always',
  billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
  card: {
    brand: 'visa',
    checks: null,
    country: 'FR',
    display_brand: 'visa',
    exp_month: 12,
    exp_year: 2030,
    fingerprint: null,
    funding: 'credit',
    generated_from: null,
    last4: '4242',
    networks: null,
    regulated_status: null,
    three_d_secure_usage: null,
    wallet: null,
  },
  consent: {
    at: 1_795_334_400,
    locale: 'en',
    source: 'page',
    text: 'Save my card for next time at Blüte Flowers.',
  },
  created: 1_795_334_400,
  customer: 'cus_01jd2q8k5xf0srd3q7m9w1c4ze',
  customer_account: null,
  livemode: false,
  metadata: {},
  provider: 'stripe',
  type: 'card',
  usage: 'off_session',
}
const listUrl = '/v1/payment_methods'

export const methodRoutes = (
  methods: MethodService,
  setups: Pick<SetupService, 'attach'>,
  page: Pick<MethodsPageService, 'link'>,
): Route[] => [
  ...readingRoutes(methods),
  route({
    method: 'post',
    path: '/v1/payment_methods/:id/attach',
    operationId: 'attachPaymentMethod',
    tag,
    summary: 'Attach a payment method',
    description:
      "Keeps a payment method that the provider has already (its own id, such as `pm_1Q…`) for a customer. You have the payer's consent. In your own account the provider's customer comes with it.",
    roles: writers,
    params: methodParams,
    body: attachBody,
    response: methodSchema,
    errors: [
      'resource_missing',
      'capability_missing',
      'card_declined',
      'payment_method_unexpected_state',
      'provider_account_unavailable',
      'provider_unknown_outcome',
    ],
    example,
    handler: ({ params: { id }, body, ...scope }) => setups.attach(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/payment_methods/:id/detach',
    operationId: 'detachPaymentMethod',
    tag,
    summary: 'Detach a payment method',
    description:
      'It charges nobody from now on, and the provider is told to forget it. Payers do the same on the page.',
    roles: writers,
    params: methodParams,
    body: onlyExpand,
    response: methodSchema,
    errors,
    example: { ...example, customer: null },
    handler: ({ merchantId, params: { id } }) => methods.detach(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/customers/:id/methods_link',
    operationId: 'createMethodsLink',
    tag,
    summary: 'Link to the page of kept methods',
    description: 'For the chat of this customer: the page shows what is kept for them at your shop, and removes it.',
    roles: writers,
    params: methodParams,
    body: methodsLinkBody,
    response: methodsLinkSchema,
    errors,
    example: {
      object: 'customer.methods_link',
      customer: example.customer ?? '',
      expires_at: 1_795_338_000,
      url: 'https://pay.example.com/methods/AZLk…',
    },
    handler: ({ merchantId, params: { id }, body }) => page.link(merchantId, id, body.expires_in),
  }),
]

const readingRoutes = (methods: MethodService): Route[] => [
  route({
    method: 'get',
    path: listUrl,
    operationId: 'listPaymentMethods',
    tag,
    summary: 'List payment methods',
    description: 'Those that can be charged; detached ones are left out.',
    roles,
    query: methodsQuery,
    response: methodList,
    errors,
    example: { object: 'list', url: listUrl, has_more: false, data: [example] },
    handler: ({ merchantId, query }) => methods.list(merchantId, query, listUrl),
  }),
  route({
    method: 'get',
    path: '/v1/payment_methods/:id',
    operationId: 'retrievePaymentMethod',
    tag,
    summary: 'Retrieve a payment method',
    roles,
    params: methodParams,
    query: onlyExpand,
    response: methodSchema,
    errors,
    example,
    handler: ({ merchantId, params: { id } }) => methods.retrieve(merchantId, id),
  }),
  route({
    method: 'get',
    path: '/v1/customers/:id/payment_methods',
    operationId: 'listCustomerPaymentMethods',
    tag,
    summary: 'List the payment methods of a customer',
    roles,
    params: methodParams,
    query: customerMethodsQuery,
    response: methodList,
    errors,
    example: {
      object: 'list',
      url: `/v1/customers/${example.customer}/payment_methods`,
      has_more: false,
      data: [example],
    },
    handler: ({ merchantId, params: { id }, query }) =>
      methods.list(merchantId, { ...query, customer: id }, `/v1/customers/${id}/payment_methods`),
  }),
]
