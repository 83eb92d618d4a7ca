import type { Route } from '#platform/route.ts'
import type { ExportService } from './service.ts'

export const exportRoutes = (_exports: ExportService): Route[] => []
