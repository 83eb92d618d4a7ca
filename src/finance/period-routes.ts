import { type Route, route } from '#platform/route.ts'
import { closingExample, listExample, periodExample, reopeningExample } from './examples.ts'
import { closeBody, monthParams as params, periodList, periodSchema, proposalSchema, reopenBody } from './schemas.ts'
import type { FinanceService } from './service.ts'

const tag = 'Ledger'
const readers = ['finance', 'merchant', 'service', 'platform'] as const
const writers = ['finance', 'merchant', 'platform'] as const

export const periodRoutes = (finance: FinanceService): Route[] => [
  route({
    method: 'get',
    path: '/v1/ledger/periods',
    operationId: 'listLedgerPeriods',
    tag,
    summary: 'List accounting periods',
    description:
      'Every month (UTC) from the first that has an entry to this one, newest first; all of them in one page. The next one to close carries its check-list.',
    roles: readers,
    response: periodList,
    example: listExample('/v1/ledger/periods', [periodExample]),
    handler: ({ merchantId }) => finance.listPeriods(merchantId),
  }),
  route({
    method: 'get',
    path: '/v1/ledger/periods/:month',
    operationId: 'retrieveLedgerPeriod',
    tag,
    summary: 'Retrieve an accounting period',
    roles: readers,
    params,
    response: periodSchema,
    errors: ['resource_missing'],
    example: periodExample,
    handler: ({ merchantId, params: { month } }) => finance.retrievePeriod(merchantId, month),
  }),
  route({
    method: 'post',
    path: '/v1/ledger/periods/:month/close',
    operationId: 'closeLedgerPeriod',
    tag,
    summary: 'Propose to close a period',
    description:
      'Months close in their order, each once it is over and nothing on its check-list stops it. Once approved the month takes no entries: what still arrives for it is booked on the first open day and keeps its own date beside it.',
    roles: writers,
    params,
    body: closeBody,
    response: proposalSchema,
    errors: ['ledger_period_not_ready'],
    example: closingExample,
    handler: ({ params: { month }, body, ...scope }) => finance.proposeClosing(scope, month, body.reason),
  }),
  route({
    method: 'post',
    path: '/v1/ledger/periods/:month/reopen',
    operationId: 'reopenLedgerPeriod',
    tag,
    summary: 'Propose to reopen a period',
    description: 'Only the month that was closed last.',
    roles: writers,
    params,
    body: reopenBody,
    response: proposalSchema,
    errors: ['ledger_period_not_ready'],
    example: reopeningExample,
    handler: ({ params: { month }, body, ...scope }) => finance.proposeReopening(scope, month, body.reason),
  }),
]
