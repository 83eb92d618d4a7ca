import type { PaymentDeps } from '#payments/apply-service.ts'

export type BillDeps = PaymentDeps

export type BillService = ReturnType<typeof createBillService>

export const createBillService = (_deps: BillDeps) => ({
  sweep: async (): Promise<void> => undefined,
})
