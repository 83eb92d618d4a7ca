import type Stripe from 'stripe'
import { unixSeconds } from '#kernel/clock.ts'
import type { PaymentMethodDetails, ProviderTags } from '#providers/provider.ts'
import type {
  BillingCommand,
  ProviderMethod,
  ProviderSetup,
  ProviderSetupPage,
  SetupAnswer,
  SetupCalls,
  SetupCommand,
  SetupPageCommand,
  SetupState,
} from '#providers/setups.ts'
import { UnmappedError } from './amounts.ts'
import { command, lookup } from './client.ts'
import { checkoutLocale } from './locales.ts'
import { mapDecline, mapPage, mapTags, refOf, tagNames } from './mapping.ts'
import { type Known, lookUp } from './states.ts'

/** Setup intents, Checkout Sessions in setup mode, and payment methods that are attached, as Stripe has them. */
export const stripeSetups = (stripe: Stripe): SetupCalls => {
  const { setupIntents, paymentMethods } = stripe
  const { sessions } = stripe.checkout
  return {
    confirm: (order) =>
      setupCommand(stripe, () => {
        const { setupRef, idempotencyKey } = order
        return setupRef === undefined
          ? setupIntents.create(createParams(order), { idempotencyKey })
          : setupIntents.confirm(setupRef, confirmParams(order), { idempotencyKey })
      }),
    cancel: ({ setupRef, idempotencyKey }) =>
      setupCommand(stripe, () => setupIntents.cancel(setupRef, { expand }, { idempotencyKey })),
    openPage: (order) =>
      command(() => sessions.create(pageParams(order), { idempotencyKey: order.idempotencyKey }), mapSetupPage),
    closePage: async ({ pageRef, idempotencyKey }) => {
      const answer = await command(() => sessions.expire(pageRef, {}, { idempotencyKey }), mapSetupPage)
      if (answer.outcome !== 'refused') return answer
      // Stripe refuses to expire a page that is complete or expired already; for us that is closed.
      const page = await findPage(stripe, pageRef)
      if (page.outcome === 'ok' && page.value && page.value.state !== 'open') return { ...page, value: page.value }
      return page.outcome === 'unknown' ? page : answer
    },
    attach: ({ methodRef, customerRef, idempotencyKey }) =>
      command(() => paymentMethods.attach(methodRef, { customer: customerRef }, { idempotencyKey }), mapMethod),
    updateMethod: ({ methodRef, billing, idempotencyKey }) =>
      command(
        () => paymentMethods.update(methodRef, { billing_details: billingParams(billing) }, { idempotencyKey }),
        mapMethod,
      ),
    find: ({ setupRef }) => findSetup(stripe, setupRef),
    findByTag: async ({ setupIntent, customerRef, since }) => {
      const found = await lookup(async () => {
        const list = await setupIntents
          .list({
            customer: customerRef,
            created: { gte: unixSeconds(since) },
            limit: 100,
            expand: expand.map((path) => `data.${path}`),
          })
          .autoPagingToArray({ limit: listMax })
        // A list that was cut off proves nothing about what lies beyond.
        if (list.length === listMax) throw new UnmappedError('more setup intents than', listMax)
        return list.map(mapSetup).filter(({ tags }) => tags.setupIntent === setupIntent)
      })
      return found.outcome === 'ok' ? { ...found, value: found.value ?? [] } : found
    },
    findPage: ({ pageRef }) => findPage(stripe, pageRef),
    findMethod: ({ methodRef }) => lookup(async () => mapMethod(await paymentMethods.retrieve(methodRef))),
  }
}

const expand = ['payment_method']
const listMax = 1000

const findSetup = (stripe: Stripe, setupRef: string) =>
  lookup(async () => mapSetup(await stripe.setupIntents.retrieve(setupRef, { expand })))

const findPage = (stripe: Stripe, pageRef: string) =>
  lookup(async () => mapSetupPage(await stripe.checkout.sessions.retrieve(pageRef)))

/** A refusal names the setup as it was when Stripe first refused; how it stands now is read. */
const setupCommand = async (
  stripe: Stripe,
  send: () => Promise<Stripe.Response<Stripe.SetupIntent>>,
): Promise<SetupAnswer> => {
  let refusedRef: string | undefined
  const watched = async () => {
    try {
      return await send()
    } catch (error) {
      refusedRef = error instanceof Error ? refOf(Reflect.get(error, 'setup_intent')) : undefined
      throw error
    }
  }
  const answer = await command(watched, mapSetup)
  if (answer.outcome !== 'refused' || refusedRef === undefined) return answer
  const found = await findSetup(stripe, refusedRef)
  const setup = found.outcome === 'ok' ? found.value : undefined
  return { ...answer, ...(setup ? { setup } : {}) }
}

const createParams = (order: SetupCommand): Stripe.SetupIntentCreateParams => ({
  customer: order.customerRef,
  confirm: true,
  usage: order.usage,
  automatic_payment_methods: { enabled: true, allow_redirects: 'always' },
  metadata: metadata(order.tags),
  ...confirmParams(order),
})

const confirmParams = (order: SetupCommand) => ({
  payment_method: order.method,
  return_url: order.returnUrl,
  expand,
})

const pageParams = (order: SetupPageCommand): Stripe.Checkout.SessionCreateParams => {
  const tags = metadata(order.tags)
  return {
    mode: 'setup',
    customer: order.customerRef,
    // Stripe wants a currency or the methods themselves here; cards are in no currency.
    allowed_payment_method_types: ['card'],
    // A page of Stripe's in this mode has no `usage`: what it keeps is set up for charges without the payer.
    setup_intent_data: { metadata: tags },
    metadata: tags,
    success_url: order.returnUrl,
    cancel_url: order.cancelUrl,
    locale: checkoutLocale(order.locale),
  }
}

const billingParams = ({
  address,
  ...texts
}: BillingCommand['billing']): Stripe.PaymentMethodUpdateParams.BillingDetails => ({
  ...withoutUndefined(texts),
  ...(address === undefined ? {} : { address: address === '' ? '' : withoutUndefined(address) }),
})

const withoutUndefined = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

const metadata = ({ merchant, setupIntent }: ProviderTags): Record<string, string> => ({
  ...(merchant === undefined ? {} : { [tagNames.merchant]: merchant }),
  ...(setupIntent === undefined ? {} : { [tagNames.setupIntent]: setupIntent }),
})

const states = {
  requires_payment_method: 'requires_payment_method',
  requires_confirmation: 'requires_confirmation',
  requires_action: 'requires_action',
  processing: 'processing',
  canceled: 'canceled',
  succeeded: 'succeeded',
} as const satisfies Record<Known<Stripe.SetupIntent.Status>, SetupState>

const mapSetup = (setup: Stripe.SetupIntent): ProviderSetup => {
  if (setup.object !== 'setup_intent') throw new UnmappedError('no setup intent but', setup.object)
  const method = typeof setup.payment_method === 'object' ? setup.payment_method : undefined
  const savedFor = refOf(setup.customer)
  const url = setup.next_action?.redirect_to_url?.url
  return {
    ref: setup.id,
    state: lookUp(states, setup.status, 'setup intent state'),
    ...(method ? { method: mapMethod(method) } : {}),
    ...(savedFor === undefined ? {} : { savedFor }),
    ...(url ? { actionUrl: url } : {}),
    ...(setup.last_setup_error ? { decline: mapDecline(setup.last_setup_error) } : {}),
    tags: mapTags(setup.metadata),
  }
}

const mapSetupPage = (session: Stripe.Checkout.Session): ProviderSetupPage => {
  const setupRef = refOf(session.setup_intent)
  return { ...mapPage(session), ...(setupRef === undefined ? {} : { setupRef }) }
}

/** Nothing of the person: only what people tell cards apart by. Each method's details lie under its type's name. */
const mapMethod = (method: Stripe.PaymentMethod): ProviderMethod => {
  if (method.object !== 'payment_method') throw new UnmappedError('no payment method but', method.object)
  const own = (method[method.type as 'card'] ?? {}) as unknown as Record<string, unknown>
  const savedFor = refOf(method.customer)
  const text = (field: string, name: keyof PaymentMethodDetails) =>
    typeof own[field] === 'string' ? { [name]: own[field] } : {}
  const number = (field: string, name: keyof PaymentMethodDetails) =>
    typeof own[field] === 'number' ? { [name]: own[field] } : {}
  return {
    ref: method.id,
    ...(savedFor === undefined ? {} : { savedFor }),
    details: {
      type: method.type,
      ...text('brand', 'brand'),
      ...text('last4', 'last4'),
      ...number('exp_month', 'expMonth'),
      ...number('exp_year', 'expYear'),
      ...text('country', 'country'),
      ...text('funding', 'funding'),
    },
  }
}
