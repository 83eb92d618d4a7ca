import type { PaymentDeps } from '#payments/apply-service.ts'

export type CheckoutDeps = PaymentDeps

export type CheckoutService = ReturnType<typeof createCheckoutService>

export const createCheckoutService = (_deps: CheckoutDeps) => ({
  sweep: async (): Promise<void> => undefined,
})
