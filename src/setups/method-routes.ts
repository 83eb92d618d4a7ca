import { exampleMethod as example } from '#customers/examples.ts'
import {
  attachBody,
  methodParams,
  methodSchema,
  methodsLinkBody,
  methodsLinkSchema,
} from '#customers/method-schemas.ts'
import { type Route, route } from '#platform/route.ts'
import type { MethodsPageService } from './methods-page-service.ts'
import type { SetupService } from './service.ts'

const tag = 'Payment methods'
const writers = ['service', 'merchant', 'bot', 'platform'] as const

/** How a method comes to a customer from elsewhere, and where they look after what is kept. */
export const keepingRoutes = (
  setups: Pick<SetupService, 'attach'>,
  page: Pick<MethodsPageService, 'link'>,
): Route[] => [
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
    path: '/v1/customers/:id/methods_link',
    operationId: 'createMethodsLink',
    tag,
    summary: 'Link to the page of kept methods',
    description: 'For the chat of this customer: the page shows what is kept for them at your shop, and removes it.',
    roles: writers,
    params: methodParams,
    body: methodsLinkBody,
    response: methodsLinkSchema,
    errors: ['resource_missing'],
    example: {
      object: 'customer.methods_link',
      customer: example.customer ?? '',
      expires_at: 1_795_338_000,
      url: 'https://pay.example.com/methods/AZLk…',
    },
    handler: ({ merchantId, params: { id }, body }) => page.link(merchantId, id, body.expires_in),
  }),
]
