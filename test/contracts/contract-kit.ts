import assert from 'node:assert/strict'
import { newUuid, showId } from '#kernel/ids.ts'
import type {
  AuthorizeCommand,
  PageCommand,
  PaymentProvider,
  ProviderPayment,
  ProviderRefund,
} from '#providers/provider.ts'
import { ok } from './answers.ts'
import type { Feature, ProviderHarness } from './provider-harness.ts'

export type ContractKit = ReturnType<typeof contractKit>

/** What all parts of the contract do again and again. The harness is there only once the tests run. */
export const contractKit = (features: readonly Feature[], harnessNow: () => ProviderHarness) => {
  const started = new Date(Date.now() - 60_000)
  const key = () => showId('operation', newUuid())
  const keysOf = new Map<string, string[]>()
  const order = (over: Partial<AuthorizeCommand> = {}): AuthorizeCommand => ({
    idempotencyKey: key(),
    amount: 4200n,
    currency: harnessNow().currency,
    method: harnessNow().methods.good,
    capture: 'automatic',
    incremental: false,
    offSession: false,
    returnUrl: 'https://shop.example/back',
    description: 'Two pizzas',
    tags: { merchant: 'mer_1', paymentIntent: newUuid() },
    ...over,
  })
  const tagged = async ({ tags }: { tags: { paymentIntent?: string } }) =>
    ok(await harnessNow().provider.findPaymentsByTag({ paymentIntent: tags.paymentIntent ?? '', since: started }))
  /** Where nobody is charged directly, the payer pays on a page. */
  const paid = async (over: Partial<AuthorizeCommand> = {}): Promise<ProviderPayment> => {
    const { provider, payPage } = harnessNow()
    const command = order(over)
    if (provider.capabilities.pageOnly !== true) return ok(await provider.authorize(command))
    const { idempotencyKey, amount, tags, method } = command
    const page = ok(await provider.openPage(pageOrder({ idempotencyKey, amount, tags })))
    await payPage(page, method)
    const done = ok(await provider.findPage({ pageRef: page.ref }))
    return fresh({ ref: done?.paymentRef ?? assert.fail('the page leads to no payment') })
  }
  const held = (over: Partial<AuthorizeCommand> = {}) => paid({ capture: 'manual', ...over })
  const fresh = async ({ ref }: { ref: string }): Promise<ProviderPayment> => {
    const found = ok(await harnessNow().provider.findPayment({ paymentRef: ref }))
    assert.ok(found)
    return found
  }
  const refundOf = (
    { ref }: { ref: string },
    amount: bigint,
    idempotencyKey = key(),
    provider: PaymentProvider = harnessNow().provider,
  ) => {
    keysOf.set(ref, [...(keysOf.get(ref) ?? []).filter((known) => known !== idempotencyKey), idempotencyKey])
    return provider.refund({
      idempotencyKey,
      paymentRef: ref,
      amount,
      currency: harnessNow().currency,
      reason: 'requested_by_customer',
      tags: { merchant: 'mer_1', refund: 're_ours' },
    })
  }
  /** By our tags, or by the key that made it where a provider keeps no tags with a refund. */
  const isOurs = ({ key, tags }: ProviderRefund, payment: { ref: string }): boolean =>
    key === undefined ? tags.refund === 're_ours' : keysOf.get(payment.ref)?.includes(key) === true
  const refundsOf = async ({ ref }: { ref: string }) =>
    ok(await harnessNow().provider.findRefunds({ paymentRef: ref, keys: keysOf.get(ref) ?? [] }))
  const capture = ({ ref }: { ref: string }, amount: bigint, idempotencyKey = key()) =>
    harnessNow().provider.capture({ idempotencyKey, paymentRef: ref, amount, currency: harnessNow().currency })
  const pageOrder = (over: Partial<PageCommand> = {}): PageCommand => ({
    idempotencyKey: key(),
    amount: 4200n,
    currency: harnessNow().currency,
    capture: 'automatic',
    title: 'Pizzeria Roma',
    items: [{ name: 'Pizza', amount: 2100n, quantity: 2 }],
    returnUrl: 'https://shop.example/back',
    cancelUrl: 'https://shop.example/cancel',
    locale: 'fr',
    expiresAt: new Date(harnessNow().now().getTime() + 3_600_000),
    tags: { merchant: 'mer_1', paymentIntent: newUuid() },
    ...over,
  })
  return {
    get harness() {
      return harnessNow()
    },
    offers: (feature: Feature): boolean => features.includes(feature),
    started,
    key,
    order,
    tagged,
    paid,
    held,
    fresh,
    refundOf,
    isOurs,
    refundsOf,
    capture,
    pageOrder,
  }
}
