import type { Route } from '#platform/route.ts'
import type { FinanceService } from './service.ts'

export const financeRoutes = (_finance: FinanceService): Route[] => []
