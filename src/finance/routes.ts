import type { Route } from '#platform/route.ts'
import { attributionRoutes } from './attribution-routes.ts'
import { booksRoutes } from './books-routes.ts'
import { periodRoutes } from './period-routes.ts'
import { proposalRoutes } from './proposal-routes.ts'
import type { FinanceService } from './service.ts'

export const financeRoutes = (finance: FinanceService): Route[] => [
  ...proposalRoutes(finance),
  ...periodRoutes(finance),
  ...booksRoutes(finance),
  ...attributionRoutes(finance),
]
