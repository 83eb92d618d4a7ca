import { type Route, route } from '#platform/route.ts'
import { balanceExample, entryExample, payoutExample } from './examples.ts'
import {
  balanceSchema,
  balanceTransactionList,
  balanceTransactionSchema,
  confirmPayoutBody,
  idParams,
  listBalanceTransactionsQuery,
  listPayoutsQuery,
  payoutList,
  payoutSchema,
  retrieveQuery,
} from './schemas.ts'
import type { PayoutService } from './service.ts'

const tag = 'Payouts'
const readers = ['service', 'merchant', 'finance', 'platform'] as const

export const payoutRoutes = (payouts: PayoutService): Route[] => [...balanceRoutes(payouts), ...bankRoutes(payouts)]

const balanceRoutes = (payouts: PayoutService): Route[] => [
  route({
    method: 'get',
    path: '/v1/balance',
    operationId: 'retrieveBalance',
    tag,
    summary: 'Retrieve your balance',
    description: 'What your providers hold for you, from your own books (1110, 1120, 1130, 1140), over all providers.',
    roles: readers,
    query: retrieveQuery,
    response: balanceSchema,
    example: balanceExample,
    handler: ({ merchantId, livemode }) => payouts.retrieveBalance(merchantId, livemode),
  }),
  route({
    method: 'get',
    path: '/v1/balance_transactions',
    operationId: 'listBalanceTransactions',
    tag,
    summary: 'List balance transactions',
    description: 'What moved your balance at a provider, line by line. `payout` lists what a payout is composed of.',
    roles: readers,
    query: listBalanceTransactionsQuery,
    response: balanceTransactionList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/balance_transactions', has_more: false, data: [entryExample] },
    handler: ({ merchantId, query }) => payouts.listEntries(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/balance_transactions/:id',
    operationId: 'retrieveBalanceTransaction',
    tag,
    summary: 'Retrieve a balance transaction',
    roles: readers,
    params: idParams,
    query: retrieveQuery,
    response: balanceTransactionSchema,
    errors: ['resource_missing'],
    example: entryExample,
    handler: ({ merchantId, params: { id } }) => payouts.retrieveEntry(merchantId, id),
  }),
]

const bankRoutes = (payouts: PayoutService): Route[] => [
  route({
    method: 'get',
    path: '/v1/payouts',
    operationId: 'listPayouts',
    tag,
    summary: 'List payouts',
    roles: readers,
    query: listPayoutsQuery,
    response: payoutList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/payouts', has_more: false, data: [payoutExample] },
    handler: ({ merchantId, query }) => payouts.listPayouts(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/payouts/:id',
    operationId: 'retrievePayout',
    tag,
    summary: 'Retrieve a payout',
    description: 'Of an account that serves several merchants, `amount` is your part: the sum of your entries in it.',
    roles: readers,
    params: idParams,
    query: retrieveQuery,
    response: payoutSchema,
    errors: ['resource_missing'],
    example: payoutExample,
    handler: ({ merchantId, params: { id } }) => payouts.retrievePayout(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/payouts/:id/confirm',
    operationId: 'confirmPayout',
    tag,
    summary: 'Confirm a payout',
    description:
      'The payout is on the bank statement: books it as received (1010). With the setting `payouts.confirmed_by: provider` the ' +
      "provider's word does that already; a confirmation then only adds the bank's reference. The same line again changes nothing.",
    roles: ['finance', 'platform'],
    params: idParams,
    body: confirmPayoutBody,
    response: payoutSchema,
    errors: ['resource_missing', 'payout_unexpected_state', 'payout_invalid_confirmation'],
    example: {
      ...payoutExample,
      confirmed_by: 'bank',
      bank_reference: 'NTRF 2026-11-24 0017',
      received_at: 1_795_507_200,
    },
    handler: ({ merchantId, params: { id }, body }) => payouts.confirm(merchantId, id, body),
  }),
]
