import type Stripe from 'stripe'
import { addMs } from '#kernel/clock.ts'
import type { FieldsCalls } from '#providers/fields.ts'
import type { PageCommand, PaymentState, ProviderAnswer, ProviderPage } from '#providers/provider.ts'
import { UnmappedError } from './amounts.ts'
import { command, type LookupAnswer, lookup } from './client.ts'
import { mapPayment } from './mapping.ts'
import { cancelParams, fieldsParams } from './requests.ts'

/**
 * Stripe's Payment Element on our page: the page is a payment intent that nobody has confirmed yet. Stripe.js confirms it
 * from Stripe's frame with the client secret, which is read again whenever the page is shown.
 */
export const stripeFields = (
  stripe: Stripe,
  { publishableKey, account }: { publishableKey: string; account?: string | undefined },
): FieldsCalls => ({
  access: ({ pageRef }) =>
    lookup(async () => {
      const intent = await stripe.paymentIntents.retrieve(pageRef)
      if (mapFields(intent).state !== 'open') return undefined
      const { client_secret: clientSecret } = intent
      if (!clientSecret) throw new UnmappedError('client secret', clientSecret)
      return { clientSecret, publishableKey, ...(account === undefined ? {} : { account }) }
    }),
})

/** Stripe's own pages are sessions, `cs_…`. */
export const isFields = (pageRef: string): boolean => pageRef.startsWith('pi_')

export const openFields = (stripe: Stripe, order: PageCommand): Promise<ProviderAnswer<ProviderPage>> =>
  command(
    () => stripe.paymentIntents.create(fieldsParams(order), { idempotencyKey: order.idempotencyKey }),
    (intent) => mapFields(intent, order.expiresAt),
  )

export const findFields = (stripe: Stripe, pageRef: string): Promise<LookupAnswer<ProviderPage | undefined>> =>
  lookup(async () => mapFields(await stripe.paymentIntents.retrieve(pageRef)))

/** Stripe would cancel a hold, too, so it is asked first: what the payer has paid is found, not given back. */
export const closeFields = async (
  stripe: Stripe,
  pageRef: string,
  idempotencyKey: string,
): Promise<ProviderAnswer<ProviderPage>> => {
  const before = await findFields(stripe, pageRef)
  if (before.outcome !== 'ok') return before
  if (before.value && before.value.state !== 'open') return { ...before, value: before.value }
  const closed = await command(
    () => stripe.paymentIntents.cancel(pageRef, cancelParams('abandoned'), { idempotencyKey }),
    mapFields,
  )
  if (closed.outcome !== 'refused') return closed
  const after = await findFields(stripe, pageRef)
  if (after.outcome === 'ok' && after.value && after.value.state !== 'open') return { ...after, value: after.value }
  return after.outcome === 'unknown' ? after : closed
}

/** As long as a session lives, unless the payment ends before. A payment intent has no end of its own. */
const lifeMs = 24 * 3_600_000

const mapFields = (intent: Stripe.PaymentIntent, expiresAt?: Date): ProviderPage => {
  const { ref, state } = mapPayment(intent)
  const open = {
    handover: { kind: 'fields' },
    expiresAt: expiresAt ?? addMs(new Date(intent.created * 1000), lifeMs),
  } as const
  const page = { ref, paymentRef: ref, state: states[state] }
  return page.state === 'open' ? { ...page, ...open } : page
}

const states: Record<PaymentState, ProviderPage['state']> = {
  requires_payment_method: 'open',
  requires_confirmation: 'open',
  requires_action: 'open',
  processing: 'complete',
  requires_capture: 'complete',
  succeeded: 'complete',
  canceled: 'expired',
}
