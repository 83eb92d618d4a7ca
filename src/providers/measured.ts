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

const groups = [
  'disputes',
  'money',
  'setups',
  'statements',
  'transfers',
] as const satisfies readonly (keyof PaymentProvider)[]

type Call = (input: never) => Promise<{ outcome: string }>
type Observe = (call: { provider: string; operation: string; outcome: string }, seconds: number) => void

/** The same provider, with the time and the outcome of every call told to `observe` (seconds). */
export const measured = (provider: PaymentProvider, observe: Observe): PaymentProvider => {
  const measure = (operation: string, call: Call): Call => {
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
  const measureGroup = (name: string, group: object) =>
    Object.fromEntries(
      Object.entries(group).map(([call, member]) => [
        call,
        typeof member === 'function' ? measure(`${name}.${call}`, member as Call) : member,
      ]),
    )
  return {
    ...provider,
    ...Object.fromEntries(calls.map((name) => [name, measure(name, provider[name] as Call)])),
    ...Object.fromEntries(
      groups.flatMap((name) => (provider[name] === undefined ? [] : [[name, measureGroup(name, provider[name])]])),
    ),
  }
}
