import type Stripe from 'stripe'
import { unixSeconds } from '#kernel/clock.ts'
import type { PaymentProvider, ProviderPayment } from '#providers/provider.ts'
import { UnmappedError } from './amounts.ts'
import { type LookupAnswer, lookup } from './client.ts'
import { findFields, isFields } from './fields.ts'
import { mapAccount, mapCharge, mapFee, mapPage, mapPayment, mapRefund, refOf, tagNames } from './mapping.ts'
import { expand } from './requests.ts'

type Lookups = Pick<
  PaymentProvider,
  'findPayment' | 'findPaymentsByTag' | 'findRefund' | 'findRefunds' | 'findPage' | 'findCharge'
>

/** Everything that only asks. */
export const stripeLookups = (stripe: Stripe): Lookups => ({
  findPayment: ({ paymentRef }) => findPayment(stripe, paymentRef),
  findPaymentsByTag: ({ paymentIntent, since }) => {
    // List and not search: search lags behind by up to minutes, and "not found yet" would read as "never happened".
    const params = {
      created: { gte: unixSeconds(since) - clockSkewSeconds },
      limit: 100,
      expand: expand.map((path) => `data.${path}`),
    }
    return all(async () => {
      const intents = await collect(stripe.paymentIntents.list(params))
      return intents.filter((intent) => intent.metadata[tagNames.paymentIntent] === paymentIntent).map(mapPayment)
    })
  },
  findRefund: ({ refundRef }) => lookup(async () => mapRefund(await stripe.refunds.retrieve(refundRef))),
  findRefunds: ({ paymentRef }) =>
    all(async () => (await collect(stripe.refunds.list({ payment_intent: paymentRef, limit: 100 }))).map(mapRefund)),
  findPage: ({ pageRef }) => (isFields(pageRef) ? findFields(stripe, pageRef) : findPage(stripe, pageRef)),
  findCharge: ({ chargeRef }) =>
    lookup(async () => {
      const charge = await stripe.charges.retrieve(chargeRef, { expand: ['balance_transaction'] })
      const paymentRef = refOf(charge.payment_intent)
      return { charge: mapCharge(charge), ...(paymentRef ? { paymentRef } : {}) }
    }),
})

export const findPayment = async (
  stripe: Stripe,
  paymentRef: string,
): Promise<LookupAnswer<ProviderPayment | undefined>> => {
  const found = await lookup(async () => mapPayment(await stripe.paymentIntents.retrieve(paymentRef, { expand })))
  return found.outcome === 'ok' && found.value ? withFees(stripe, found.value) : found
}

/** A charge that is captured in parts names one balance transaction; each capture has its own, with a fee. */
export const withFees = async (stripe: Stripe, payment: ProviderPayment): Promise<LookupAnswer<ProviderPayment>> => {
  const { charge } = payment
  if (!charge?.multicapture || charge.amountCaptured === 0n) return { outcome: 'ok', value: payment }
  const found = await all(async () => {
    const entries = await collect(stripe.balanceTransactions.list({ source: charge.ref, limit: 100 }))
    return entries.filter(({ type }) => type === 'charge' || type === 'payment').map(mapFee)
  })
  if (found.outcome !== 'ok') return found
  const [fee, ...moreFees] = found.value.toReversed()
  return { outcome: 'ok', value: { ...payment, charge: { ...charge, ...(fee ? { fee, moreFees } : {}) } } }
}

/** Whose key it is, with what is worth knowing of the account. */
export const findAccount = (stripe: Stripe) => lookup(async () => mapAccount(await stripe.accounts.retrieveCurrent()))

export const findPage = (stripe: Stripe, pageRef: string) =>
  lookup(async () => mapPage(await stripe.checkout.sessions.retrieve(pageRef)))

/** How far our clock may be ahead of Stripe's before a payment falls out of its own search window. */
const clockSkewSeconds = 300

const objectsMax = 5000

/** A list that was cut off proves nothing about what lies beyond, so it is no answer at all. */
const collect = async <T>(list: Stripe.ApiListPromise<T>): Promise<T[]> => {
  const { object, data } = await list
  if (object !== 'list' || !Array.isArray(data)) throw new UnmappedError('no list but', object)
  const found: T[] = []
  for await (const object of list) {
    if (found.length === objectsMax) throw new UnmappedError('more objects than', objectsMax)
    found.push(object)
  }
  return found
}

const all = async <T>(read: () => Promise<readonly T[]>): Promise<LookupAnswer<readonly T[]>> => {
  const answer = await lookup(read)
  return answer.outcome === 'ok' ? { ...answer, value: answer.value ?? [] } : answer
}
