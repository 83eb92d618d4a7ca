import { type Route, route } from '#platform/route.ts'
import {
  balanceSheetQuery,
  balanceSheetSchema,
  incomeStatementQuery,
  incomeStatementSchema,
  statementQuery,
  statementSchema,
  trialBalanceQuery,
  trialBalanceSchema,
} from './balance-schemas.ts'
import { balanceSheetExample, incomeStatementExample, statementExample, trialBalanceExample } from './examples.ts'
import type { LedgerService } from './service.ts'

interface Shared {
  method: 'get'
  tag: string
  roles: Route['roles']
}

export const balanceRoutes = (ledger: LedgerService, shared: Shared): Route[] => [
  route({
    ...shared,
    path: '/v1/ledger/trial_balance',
    operationId: 'retrieveTrialBalance',
    summary: 'Retrieve the trial balance',
    description:
      'Debits, credits and balance of every account that has entries. The balances of a currency add up to 0. With ' +
      '`as_of_seq` it is the same for ever; without, everything booked is in it, also what is not sealed yet.',
    query: trialBalanceQuery,
    response: trialBalanceSchema,
    errors: ['parameter_invalid_integer', 'parameter_invalid_string', 'ledger_seq_not_sealed'],
    example: trialBalanceExample,
    handler: ({ merchantId, query }) => ledger.trialBalance(merchantId, query),
  }),
  route({
    ...shared,
    path: '/v1/ledger/statements',
    operationId: 'retrieveLedgerStatement',
    summary: 'Retrieve an account line by line with its running balance',
    description: 'Sealed entries of one account by the moment they took effect, between opening and closing balance.',
    query: statementQuery,
    response: statementSchema,
    errors: ['parameter_missing', 'parameter_invalid_string', 'resource_missing', 'ledger_seq_not_sealed'],
    example: statementExample,
    handler: ({ merchantId, query }) => ledger.statement(merchantId, query),
  }),
  route({
    ...shared,
    path: '/v1/ledger/income_statement',
    operationId: 'retrieveIncomeStatement',
    summary: 'Retrieve the income statement of a span of time',
    description: 'Revenue and expenses with their natural sign, in every currency and in the base currency.',
    query: incomeStatementQuery,
    response: incomeStatementSchema,
    errors: ['parameter_invalid_string', 'ledger_seq_not_sealed'],
    example: incomeStatementExample,
    handler: ({ merchantId, query }) => ledger.incomeStatement(merchantId, query),
  }),
  route({
    ...shared,
    path: '/v1/ledger/balance_sheet',
    operationId: 'retrieveBalanceSheet',
    summary: 'Retrieve the balance sheet',
    description:
      'Assets, liabilities and equity with their natural sign. The result to date is shown beside the equity, as no ' +
      'closing entries are booked; memo accounts are left out.',
    query: balanceSheetQuery,
    response: balanceSheetSchema,
    errors: ['parameter_invalid_string', 'ledger_seq_not_sealed'],
    example: balanceSheetExample,
    handler: ({ merchantId, query }) => ledger.balanceSheet(merchantId, query),
  }),
]
