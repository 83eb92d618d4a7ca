import type { PaymentProvider } from './provider.ts'

const calls = [
  'authorize',
  'capture',
  'cancel',
  'increment',
  'refund',
  'cancelRefund',
  'openPage',
  'closePage',
  'createCustomer',
  'detachMethod',
  'findPayment',
  'findPaymentsByTag',
  'findRefund',
  'findRefunds',
  'findPage',
  'findCharge',
] as const satisfies readonly (keyof PaymentProvider)[]

type Call = (input: never) => Promise<{ outcome: string }>

/** The same provider, with the time and the outcome of every call told to `observe` (seconds). */
export const measured = (
  provider: PaymentProvider,
  observe: (call: { provider: string; operation: string; outcome: string }, seconds: number) => void,
): PaymentProvider => {
  const measure = (operation: (typeof calls)[number]): Call => {
    const call = provider[operation] as Call
    return async (input) => {
      const start = performance.now()
      let outcome = 'threw'
      try {
        const answer = await call(input)
        outcome = answer.outcome
        return answer
      } finally {
        observe({ provider: provider.id, operation, outcome }, (performance.now() - start) / 1000)
      }
    }
  }
  return { ...provider, ...Object.fromEntries(calls.map((operation) => [operation, measure(operation)])) }
}
