import type { Currency } from '#kernel/currencies.ts'
import type { AccountFault } from '#providers/account-fault.ts'
import type {
  PageCommand,
  PaymentProvider,
  ProviderAnswer,
  ProviderPage,
  ProviderPayment,
} from '#providers/provider.ts'

/** What becomes of a call that opens a page: the account's fault, the payer's, done but unheard, neither, done and denied. */
export type Turn = 'ok' | AccountFault | 'payer' | 'lost' | 'silent' | 'lie'

interface Opened {
  page: ProviderPage
  command: PageCommand
  payment?: ProviderPayment
}

/** An account at a provider of its own, with pages alone and a book that knows what really happened. */
export const createFakeAccount = (id: 'stripe' | 'wechatpay', currencies: readonly string[] | 'all' = 'all') => {
  const pages = new Map<string, Opened>()
  const script: Turn[] = []
  const asked: string[] = []
  const payments = () => [...pages.values()].flatMap(({ payment }) => payment ?? [])
  const account = {
    id,
    /** What the next calls meet; afterwards every call is `ok`. */
    script,
    /** The keys of the calls that opened a page, in order. */
    asked,
    /** Called before each of them. */
    onAsked: (): void => {},
    /** Pages on which somebody could still pay. */
    open: () => [...pages.values()].filter(({ page }) => page.state === 'open').map(({ page }) => page.ref),
    payments,
    /** The payer pays on the page. */
    pay: (pageRef: string): ProviderPayment => {
      const opened = find(pageRef)
      if (!opened) throw new Error(`no page ${pageRef}`)
      const payment = paid(`${id}_${pageRef}`, opened.command)
      opened.payment = payment
      opened.page = {
        ref: pageRef,
        state: 'complete',
        paymentRef: payment.ref,
        expiresAt: opened.page.expiresAt ?? new Date(0),
      }
      return payment
    },
    provider: undefined as unknown as PaymentProvider,
  }
  const find = (ref: string) => [...pages.values()].find(({ page }) => page.ref === ref)
  const openPage = async (command: PageCommand): Promise<ProviderAnswer<ProviderPage>> => {
    asked.push(command.idempotencyKey)
    account.onAsked()
    const turn = script.shift() ?? 'ok'
    if (turn === 'silent') return unknown
    if (turn === 'payer') return refused({ code: 'card_declined', message: 'No.' })
    if (turn !== 'ok' && turn !== 'lost' && turn !== 'lie')
      return refused({ code: 'provider_error', message: `${turn} at ${id}`, accountFault: turn })
    const ref = `page_${id}_${pages.size}`
    const fresh: ProviderPage = { ref, url: `https://${id}.example/${ref}`, state: 'open', expiresAt: farOff }
    const opened = pages.get(command.idempotencyKey) ?? { page: fresh, command }
    pages.set(command.idempotencyKey, opened)
    if (turn === 'lie') return refused({ code: 'provider_error', message: 'Not I.', accountFault: 'credentials' })
    return turn === 'lost' ? unknown : { outcome: 'ok', value: opened.page, requestId: `req_${asked.length}` }
  }
  account.provider = {
    ...refusing(id, currencies),
    openPage,
    closePage: async ({ pageRef }) => {
      const opened = find(pageRef)
      if (!opened) return refused({ code: 'resource_missing', message: 'no such page' })
      if (opened.page.state === 'open') opened.page = { ref: pageRef, state: 'expired', expiresAt: farOff }
      return { outcome: 'ok', value: opened.page }
    },
    findPage: async ({ pageRef }) => ({ outcome: 'ok', value: find(pageRef)?.page }),
    findPayment: async ({ paymentRef }) => ({ outcome: 'ok', value: payments().find(({ ref }) => ref === paymentRef) }),
  }
  return account
}

export type FakeAccount = ReturnType<typeof createFakeAccount>

const farOff = new Date('2030-01-01T00:00:00Z')
const unknown = { outcome: 'unknown', reason: 'no answer' } as const
const refused = (decline: { code: string; message: string; accountFault?: AccountFault }) =>
  ({ outcome: 'refused', decline, requestId: 'req_no' }) as const

const paid = (ref: string, { amount, currency, tags }: PageCommand): ProviderPayment => ({
  ref,
  state: 'succeeded',
  amount,
  amountCapturable: 0n,
  amountReceived: amount,
  currency,
  charge: {
    ref: `ch_${ref}`,
    state: 'succeeded',
    amount,
    amountCaptured: amount,
    amountRefunded: 0n,
    captured: true,
    method: { type: 'wallet' },
    createdAt: new Date('2026-11-22T10:00:00Z'),
  },
  tags,
})

/** Everything that these tests do not need. */
const refusing = (id: PaymentProvider['id'], currencies: readonly string[] | 'all'): PaymentProvider => {
  const no = async () => refused({ code: 'card_declined', message: 'Pages only.' })
  const none = async () => ({ outcome: 'ok', value: undefined }) as const
  return {
    id,
    capabilities: {
      currencies: currencies as 'all' | readonly Currency[],
      manualCapture: id === 'stripe',
      partialCapture: false,
      incrementalAuthorization: false,
      partialRefund: true,
      savedMethods: false,
      idempotencyHorizonMs: 3_600_000,
    },
    authorize: no,
    capture: no,
    cancel: no,
    increment: no,
    refund: no,
    cancelRefund: no,
    openPage: no,
    closePage: no,
    createCustomer: no,
    detachMethod: no,
    findPayment: none,
    findPaymentsByTag: async () => ({ outcome: 'ok', value: [] }),
    findRefund: none,
    findRefunds: async () => ({ outcome: 'ok', value: [] }),
    findPage: none,
    findCharge: none,
    verifyWebhook: () => ({ ok: false, reason: 'none' }),
  }
}
