import type { JobHandlers } from '#platform/queue.ts'
import type { PayoutService } from './service.ts'

export const payoutJobs = (payouts: PayoutService): Pick<JobHandlers, 'balance.follow' | 'payout.follow'> => ({
  'balance.follow': ({ id }) => payouts.followAccount(id),
  'payout.follow': ({ id }) => payouts.followPayout(id),
})
