import type { Route } from '#platform/route.ts'
import type { BillService } from './service.ts'

export const billRoutes = (_bills: BillService): Route[] => []
