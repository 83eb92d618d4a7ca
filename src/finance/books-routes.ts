import { type Route, route } from '#platform/route.ts'
import { booksExample, chartExample, listExample, rateExample } from './examples.ts'
import {
  booksBody,
  booksSchema,
  chartBody,
  chartList,
  chartQuery,
  rateBody,
  rateList,
  rateListQuery,
  rateSchema,
} from './schemas.ts'
import type { FinanceService } from './service.ts'

const tag = 'Ledger'
const readers = ['finance', 'merchant', 'service', 'platform'] as const
const writers = ['finance', 'merchant', 'platform'] as const

export const booksRoutes = (finance: FinanceService): Route[] => [
  route({
    method: 'get',
    path: '/v1/ledger/books',
    operationId: 'retrieveLedgerBooks',
    tag,
    summary: 'Retrieve how the books are kept',
    roles: readers,
    response: booksSchema,
    example: booksExample,
    handler: ({ merchantId }) => finance.retrieveBooks(merchantId),
  }),
  route({
    method: 'post',
    path: '/v1/ledger/books',
    operationId: 'updateLedgerBooks',
    tag,
    summary: 'Choose the base currency',
    description: 'Before anything is booked and before the first exchange rate; afterwards it stays.',
    roles: writers,
    body: booksBody,
    response: booksSchema,
    errors: ['parameter_invalid_string'],
    example: { ...booksExample, is_fixed: false },
    handler: ({ merchantId, body }) => finance.updateBooks(merchantId, body.base_currency),
  }),
  route({
    method: 'post',
    path: '/v1/ledger/exchange_rates',
    operationId: 'createExchangeRate',
    tag,
    summary: 'Add an exchange rate',
    description:
      'Holds for what is booked from then on, dated that day or later; what is booked keeps its value. A later rate of the same day goes before an earlier one.',
    roles: writers,
    body: rateBody,
    response: rateSchema,
    errors: ['parameter_invalid_string'],
    example: rateExample,
    handler: ({ body, ...scope }) => finance.createRate(scope, body),
  }),
  route({
    method: 'get',
    path: '/v1/ledger/exchange_rates',
    operationId: 'listExchangeRates',
    tag,
    summary: 'List exchange rates',
    roles: readers,
    query: rateListQuery,
    response: rateList,
    errors: ['resource_missing', 'parameters_exclusive'],
    example: listExample('/v1/ledger/exchange_rates', [rateExample]),
    handler: ({ merchantId, query }) => finance.listRates(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/ledger/chart',
    operationId: 'retrieveLedgerChart',
    tag,
    summary: 'List the chart of accounts with your own names',
    description: 'Exports for the target use `own_code` and `own_name`.',
    roles: readers,
    query: chartQuery,
    response: chartList,
    example: listExample('/v1/ledger/chart', chartExample),
    handler: ({ merchantId, query }) => finance.retrieveChart(merchantId, query.target),
  }),
  route({
    method: 'post',
    path: '/v1/ledger/chart',
    operationId: 'updateLedgerChart',
    tag,
    summary: 'Name accounts as your own tools do',
    description:
      'Changes the accounts that are sent and leaves the others. Exports that exist keep the names they had.',
    roles: writers,
    body: chartBody,
    response: chartList,
    errors: ['parameter_invalid_string'],
    example: listExample('/v1/ledger/chart', chartExample),
    handler: ({ merchantId, body }) => finance.updateChart(merchantId, body),
  }),
]
