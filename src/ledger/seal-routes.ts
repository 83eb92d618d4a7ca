import { type Route, route } from '#platform/route.ts'
import { listExample, sealExample, sealHeadExample, sealKeyExample, verificationExample } from './examples.ts'
import {
  headSchema,
  sealKeySchema,
  sealList,
  sealListQuery,
  verificationQuery,
  verificationSchema,
} from './seal-schemas.ts'
import type { LedgerService } from './service.ts'

interface Shared {
  method: 'get'
  tag: string
  roles: Route['roles']
}

export const sealRoutes = (ledger: LedgerService, shared: Shared): Route[] => [
  route({
    ...shared,
    path: '/v1/ledger/seals/head',
    operationId: 'retrieveLedgerSealHead',
    summary: 'Retrieve the last seal',
    description:
      'How far the ledger is sealed. What is sealed is final: it has its number, and all that is asked for up to this ' +
      'number has the same answer for ever. Without transactions it is seq 0.',
    response: headSchema,
    example: sealHeadExample,
    handler: ({ merchantId }) => ledger.sealHead(merchantId),
  }),
  route({
    ...shared,
    path: '/v1/ledger/seals',
    operationId: 'listLedgerSeals',
    summary: 'List seals',
    description: 'By seq, the first one first.',
    query: sealListQuery,
    response: sealList,
    example: listExample('/v1/ledger/seals', sealExample),
    handler: ({ merchantId, query }) => ledger.listSeals(merchantId, query),
  }),
  route({
    ...shared,
    path: '/v1/ledger/seals/verify',
    operationId: 'verifyLedgerSeals',
    summary: 'Verify seals',
    description:
      'Recomputes the hashes of a page of the chain from its transactions and entries and names what does not fit. ' +
      '`npm run ledger:verify` also recomputes all sums, and verifies an export without a database.',
    query: verificationQuery,
    response: verificationSchema,
    example: verificationExample,
    handler: ({ merchantId, query }) => ledger.verifySeals(merchantId, query),
  }),
  route({
    ...shared,
    path: '/v1/ledger/seals/key',
    operationId: 'retrieveLedgerKey',
    summary: 'Retrieve the public key of the checkpoints',
    response: sealKeySchema,
    example: sealKeyExample,
    handler: async () => ledger.sealKey(),
  }),
]
