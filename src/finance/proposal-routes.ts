import { type Route, route } from '#platform/route.ts'
import { adjustmentExample, approvedExample, listExample, rejectedExample, reversalExample } from './examples.ts'
import {
  adjustmentBody,
  idParams,
  proposalList,
  proposalListQuery,
  rejectBody,
  proposalSchema as response,
  reversalBody,
} from './schemas.ts'
import type { FinanceService } from './service.ts'

const tag = 'Ledger'
const readers = ['finance', 'merchant', 'service', 'platform'] as const
const writers = ['finance', 'merchant', 'platform'] as const
const decisions = ['resource_missing', 'ledger_four_eyes', 'ledger_proposal_decided'] as const
const bookings = ['ledger_period_closed', 'ledger_already_reversed', 'ledger_insufficient_balance'] as const

export const proposalRoutes = (finance: FinanceService): Route[] => [
  route({
    method: 'post',
    path: '/v1/ledger/transactions',
    operationId: 'createLedgerAdjustment',
    tag,
    summary: 'Propose a manual adjustment',
    description:
      'Answers a proposal, which another API key approves; then it is booked, once. Where four eyes are turned off it is booked at once. A date in a closed period is refused, never moved.',
    roles: writers,
    body: adjustmentBody,
    response,
    errors: ['ledger_unbalanced', ...bookings],
    example: adjustmentExample,
    handler: ({ body, ...scope }) => finance.proposeAdjustment(scope, body),
  }),
  route({
    method: 'post',
    path: '/v1/ledger/transactions/:id/reverse',
    operationId: 'reverseLedgerTransaction',
    tag,
    summary: 'Propose to reverse a ledger transaction',
    description:
      'The reversal has every entry of the original with the opposite sign, in its currency and in its value; the original stays. A transaction is reversed at most once.',
    roles: writers,
    params: idParams,
    body: reversalBody,
    response,
    errors: ['resource_missing', ...bookings],
    example: reversalExample,
    handler: ({ params, body, ...scope }) => finance.proposeReversal(scope, params.id, body),
  }),
  route({
    method: 'get',
    path: '/v1/ledger/proposals',
    operationId: 'listLedgerProposals',
    tag,
    summary: 'List proposals',
    description: 'Adjustments, reversals, and closing and reopening of periods, decided or not.',
    roles: readers,
    query: proposalListQuery,
    response: proposalList,
    errors: ['resource_missing', 'parameters_exclusive'],
    example: listExample('/v1/ledger/proposals', [adjustmentExample]),
    handler: ({ merchantId, query }) => finance.listProposals(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/ledger/proposals/:id',
    operationId: 'retrieveLedgerProposal',
    tag,
    summary: 'Retrieve a proposal',
    roles: readers,
    params: idParams,
    response,
    errors: ['resource_missing'],
    example: adjustmentExample,
    handler: ({ merchantId, params }) => finance.retrieveProposal(merchantId, params.id),
  }),
  route({
    method: 'post',
    path: '/v1/ledger/proposals/:id/approve',
    operationId: 'approveLedgerProposal',
    tag,
    summary: 'Approve a proposal',
    description:
      'With another API key than the one that proposed. What was proposed happens in the same moment: it is booked, or the period is closed or reopened.',
    roles: writers,
    params: idParams,
    response,
    errors: [...decisions, ...bookings, 'ledger_period_not_ready'],
    example: approvedExample,
    handler: ({ params, ...scope }) => finance.approve(scope, params.id),
  }),
  route({
    method: 'post',
    path: '/v1/ledger/proposals/:id/reject',
    operationId: 'rejectLedgerProposal',
    tag,
    summary: 'Reject a proposal',
    description: 'Nothing is booked. The key that proposed may reject too, which withdraws the proposal.',
    roles: writers,
    params: idParams,
    body: rejectBody,
    response,
    errors: [...decisions],
    example: rejectedExample,
    handler: ({ params, body, ...scope }) => finance.reject(scope, params.id, body.reason),
  }),
]
