import type { JobHandlers } from '#platform/queue.ts'
import type { CheckoutService } from './service.ts'

export const checkoutJobs = (checkouts: CheckoutService): Pick<JobHandlers, 'checkout.expire'> => ({
  'checkout.expire': ({ id, merchant = '' }) => checkouts.expire(merchant, id),
})
