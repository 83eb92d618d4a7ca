import type { JobPayload } from '#platform/queue.ts'
import type { NativePayments } from './service.ts'

export const nativeJobs = (native: NativePayments) => ({
  'payment.native': ({ merchant, id }: JobPayload) => {
    if (merchant === undefined) throw new Error('the job names no merchant')
    return native.look(merchant, id)
  },
})
