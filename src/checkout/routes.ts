import type { Route } from '#platform/route.ts'
import type { CheckoutService } from './service.ts'

export const checkoutRoutes = (_checkouts: CheckoutService): Route[] => []
