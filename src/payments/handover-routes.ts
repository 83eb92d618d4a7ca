import { type Route, route } from '#platform/route.ts'
import { intentExample as example } from './examples.ts'
import { handoverBody } from './handover-schemas.ts'
import { intentParams as params, intentSchema as response } from './schemas.ts'
import type { PaymentService } from './service.ts'

export const handoverRoutes = (payments: Pick<PaymentService, 'handOver'>): Route[] => [
  route({
    method: 'post',
    path: '/v1/payment_intents/:id/handover',
    operationId: 'handOverPaymentIntent',
    tag: 'Payment intents',
    summary: 'Hand the payer over from your own page or app',
    description:
      'Opens the payment at its provider for where the payer is. `next_action` says what to do: `redirect_to_url`, `wechat_pay_display_qr_code` (draw `data`, or show the image), `wechat_pay_bridge` (parameters of `wx.requestPayment` in a mini program, of `getBrandWCPayRequest` in a page inside WeChat), `wechat_pay_redirect_to_android_app` (parameters of the SDK, on iOS too). What your account cannot do where the payer is becomes a code. Whether it is paid, only `status` says.',
    roles: ['service', 'merchant', 'bot', 'platform'],
    params,
    body: handoverBody,
    response,
    errors: [
      'resource_missing',
      'payment_intent_unexpected_state',
      'payment_intent_invalid_parameter',
      'lock_timeout',
      'payment_vetoed',
      'checkout_not_ready',
      'promotion_code_invalid',
      'provider_account_unavailable',
      'provider_unknown_outcome',
    ],
    example: {
      ...example,
      currency: 'cny',
      next_action: {
        type: 'wechat_pay_display_qr_code',
        wechat_pay_display_qr_code: {
          data: 'weixin://wxpay/bizpayurl?pr=NwY5Mz9zz',
          hosted_instructions_url: `${example.checkout_url}?hand=1`,
          image_url_svg: `${example.checkout_url}/code.svg`,
          image_url_png: `${example.checkout_url}/code.png`,
        },
      },
    },
    handler: ({ params: { id }, body, ...scope }) => payments.handOver(scope, id, body),
  }),
]
