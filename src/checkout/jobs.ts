import type { JobHandlers } from '#platform/queue.ts'
import type { CheckoutService } from './service.ts'

export const checkoutJobs = (_checkouts: CheckoutService): Pick<JobHandlers, 'checkout.expire'> => ({
  'checkout.expire': async () => undefined,
})
