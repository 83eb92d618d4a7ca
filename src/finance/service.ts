import { createAttributionReport } from './attribution-service.ts'
import { createBooksService } from './books-service.ts'
import { createPeriodService } from './period-service.ts'
import { createProposalService, type ProposalDeps } from './proposal-service.ts'

export type FinanceService = ReturnType<typeof createFinanceService>

/** What finance does with the books: corrections that two people answer for, periods, rates, and names of accounts. */
export const createFinanceService = (deps: ProposalDeps) => ({
  ...createProposalService(deps),
  ...createPeriodService(deps),
  ...createBooksService(deps),
  ...createAttributionReport(deps),
})
