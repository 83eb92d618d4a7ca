import type { JobPayload } from '#platform/queue.ts'
import type { PaymentService } from './service.ts'

const merchantOf = ({ merchant }: JobPayload): string => {
  if (merchant === undefined) throw new Error('the job names no merchant')
  return merchant
}

export const paymentJobs = (payments: PaymentService) => ({
  'payment.expire': (payload: JobPayload) => payments.expire(merchantOf(payload), payload.id),
  'payment.check': (payload: JobPayload) => payments.check(merchantOf(payload), payload.id),
  'provider.statement': (payload: JobPayload) => payments.statements.read(merchantOf(payload), payload.id),
  'operation.resolve': (payload: JobPayload) => payments.resolve(merchantOf(payload), payload.id),
})
