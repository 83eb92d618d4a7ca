import { type Route, route } from '#platform/route.ts'
import { balanceRoutes } from './balance-routes.ts'
import { accountExample, entryExample, listExample, transactionExample } from './examples.ts'
import {
  accountList,
  accountListQuery,
  accountQuery,
  accountSchema,
  entryList,
  entryListQuery,
  idParams,
  transactionList,
  transactionListQuery,
  transactionSchema,
} from './schemas.ts'
import { sealRoutes } from './seal-routes.ts'
import type { LedgerService } from './service.ts'

const shared = { method: 'get', tag: 'Ledger', roles: ['finance', 'merchant', 'service', 'platform'] } as const

export const ledgerRoutes = (ledger: LedgerService): Route[] => [
  route({
    ...shared,
    path: '/v1/ledger/accounts',
    operationId: 'listLedgerAccounts',
    summary: 'List ledger accounts with their balances',
    description:
      'An account is a code of the chart in one currency, and of one holder for wallets and holds; its first entry opens it.',
    query: accountListQuery,
    response: accountList,
    errors: ['parameters_exclusive', 'resource_missing', 'ledger_seq_not_sealed'],
    example: listExample('/v1/ledger/accounts', accountExample),
    handler: ({ merchantId, query }) => ledger.listAccounts(merchantId, query),
  }),
  route({
    ...shared,
    path: '/v1/ledger/accounts/:id',
    operationId: 'retrieveLedgerAccount',
    summary: 'Retrieve a ledger account with its balance',
    params: idParams,
    query: accountQuery,
    response: accountSchema,
    errors: ['resource_missing', 'ledger_seq_not_sealed'],
    example: accountExample,
    handler: ({ merchantId, params, query }) => ledger.retrieveAccount(merchantId, params.id, query),
  }),
  route({
    ...shared,
    path: '/v1/ledger/transactions',
    operationId: 'listLedgerTransactions',
    summary: 'List ledger transactions with their entries',
    query: transactionListQuery,
    response: transactionList,
    errors: ['parameters_exclusive', 'resource_missing'],
    example: listExample('/v1/ledger/transactions', transactionExample),
    handler: ({ merchantId, query }) => ledger.listTransactions(merchantId, query),
  }),
  route({
    ...shared,
    path: '/v1/ledger/transactions/:id',
    operationId: 'retrieveLedgerTransaction',
    summary: 'Retrieve a ledger transaction with its entries',
    params: idParams,
    response: transactionSchema,
    errors: ['resource_missing'],
    example: transactionExample,
    handler: ({ merchantId, params }) => ledger.retrieveTransaction(merchantId, params.id),
  }),
  route({
    ...shared,
    path: '/v1/ledger/entries',
    operationId: 'listLedgerEntries',
    summary: 'List ledger entries',
    query: entryListQuery,
    response: entryList,
    errors: ['parameters_exclusive', 'resource_missing'],
    example: listExample('/v1/ledger/entries', entryExample),
    handler: ({ merchantId, query }) => ledger.listEntries(merchantId, query),
  }),
  ...balanceRoutes(ledger, shared),
  ...sealRoutes(ledger, shared),
]
