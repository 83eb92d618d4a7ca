import type { Route } from '#platform/route.ts'
import type { ConnectionService } from './service.ts'

export const connectionRoutes = (_connections: ConnectionService): Route[] => []
