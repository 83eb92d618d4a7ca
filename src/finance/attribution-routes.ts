import { type Route, route } from '#platform/route.ts'
import { attributionQuery, attributionReport as response } from './attribution-schemas.ts'
import type { FinanceService } from './service.ts'

export const attributionRoutes = (finance: FinanceService): Route[] => [
  route({
    method: 'get',
    path: '/v1/reports/attribution',
    operationId: 'reportAttribution',
    tag: 'Reports',
    summary: 'What ads and links brought',
    description:
      'Payments by the touch that each had when it was created, per currency, net of refunds until now; the largest ' +
      'first. What ads, links and click ids say was chosen by strangers: count with it, do not trust it.',
    roles: ['finance', 'merchant', 'service', 'platform'],
    query: attributionQuery,
    response,
    errors: ['parameter_invalid_string'],
    example: {
      object: 'list',
      url: '/v1/reports/attribution',
      has_more: false,
      data: [
        {
          object: 'attribution_report.row',
          touch: 'last',
          source: 'ad',
          ad_id: '6045246247433',
          ref: 'spring',
          currency: 'eur',
          payments: 12,
          captured: 50_400,
          refunded: 4200,
          net: 46_200,
        },
      ],
    },
    handler: ({ merchantId, query }) => finance.attribution(merchantId, query),
  }),
]
