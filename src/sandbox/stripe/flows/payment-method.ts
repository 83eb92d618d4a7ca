import { createHash } from 'node:crypto'
import { ApiError, invalidRequest, resourceMissing } from '../http/api-error.ts'
import { type CardFields, findCardFault } from '../rules/card-fields.ts'
import { cardByAlias, cardByNumber, type TestCard } from '../rules/test-cards.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

type Method = Documents['payment_method']
export type Billing = {
  name?: string | undefined
  email?: string | undefined
  phone?: string | undefined
  address?: Method['billing_details']['address']
}
type CardInput = { expMonth?: number; expYear?: number; billing?: Billing }

/** `pm_card_visa` and its like make a fresh payment method each time they are used, as at Stripe. */
export async function usePaymentMethod(
  work: Work,
  id: string,
  param = 'payment_method',
  status: 400 | 404 = 400,
): Promise<Row<'payment_method'>> {
  const card = cardByAlias(id)
  if (card) return createCard(work, card)
  if (id === 'pm_sepa_debit') return createSepaDebit(work, GOOD_IBAN)
  if (id === 'pm_sepa_debit_fails') return createSepaDebit(work, BAD_IBAN)
  return work.get('payment_method', id, param, status)
}

export function createCard(work: Work, card: TestCard, input: CardInput = {}): Row<'payment_method'> {
  const year = new Date(work.nowMs).getUTCFullYear()
  const doc: Method = {
    ...methodBase(work, input.billing),
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: card.cvcCheck },
      country: card.country,
      display_brand: card.brand,
      exp_month: input.expMonth ?? 12,
      exp_year: input.expYear ?? year + 4,
      fingerprint: fingerprint(work, card.number),
      funding: card.funding,
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    type: 'card',
  }
  return work.insert('payment_method', doc, { scenario: card.name, authenticated: false })
}

/** From typed fields. An unknown but well-formed number is a live card, which test mode declines. */
export function createCardFromFields(work: Work, fields: CardFields, billing?: Billing): Row<'payment_method'> {
  const fault = findCardFault(fields, work.nowMs)
  if (fault) {
    const param = {
      number: 'number',
      exp: fault.code === 'invalid_expiry_month' ? 'exp_month' : 'exp_year',
      cvc: 'cvc',
    }[fault.field]
    throw new ApiError(402, { type: 'card_error', code: fault.code, message: fault.message, param })
  }
  const card = cardByNumber(fields.number)
  if (!card) {
    throw new ApiError(402, {
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'test_mode_live_card',
      message:
        'Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.',
    })
  }
  return createCard(work, card, { expMonth: fields.expMonth, expYear: fields.expYear, ...(billing ? { billing } : {}) })
}

const GOOD_IBAN = 'DE89370400440532013000'
const BAD_IBAN = 'DE62370400440532013001'

export function createSepaDebit(work: Work, iban: string, billing?: Billing): Row<'payment_method'> {
  const clean = iban.replaceAll(' ', '').toUpperCase()
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{8,30}$/.test(clean)) {
    throw invalidRequest('The IBAN you provided is invalid.', {
      code: 'invalid_bank_account_iban',
      param: 'sepa_debit[iban]',
    })
  }
  const isFailing = clean === BAD_IBAN || clean === 'AT861904300235473202'
  const doc: Method = {
    ...methodBase(work, billing),
    sepa_debit: {
      bank_code: clean.slice(4, 12),
      branch_code: null,
      country: clean.slice(0, 2),
      fingerprint: fingerprint(work, clean),
      generated_from: { charge: null, setup_attempt: null },
      last4: clean.slice(-4),
    },
    type: 'sepa_debit',
  }
  return work.insert('payment_method', doc, { scenario: isFailing ? 'sepa_fails' : 'sepa', authenticated: false })
}

export function cardFromToken(token: string): TestCard {
  const card = cardByAlias(token)
  if (!card || !token.startsWith('tok_')) throw resourceMissing('token', token, 'card[token]', 400)
  return card
}

export async function attach(work: Work, method: Row<'payment_method'>, customer: string): Promise<void> {
  if (method.doc.customer === customer) return
  assertUnspent(method)
  method.doc.customer = customer
  work.changed(method)
  work.emit('payment_method.attached', method)
}

export function assertUnspent({ hidden }: Row<'payment_method'>): void {
  if (!hidden.spent) return
  throw invalidRequest(
    'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.',
    { param: 'payment_method' },
  )
}

/** A method without a customer pays once. */
export function spend(work: Work, method: Row<'payment_method'>): void {
  method.hidden.spent = true
  work.changed(method)
}

function methodBase(work: Work, billing: Billing | undefined) {
  return {
    id: work.id('pm'),
    object: 'payment_method' as const,
    allow_redisplay: 'unspecified' as const,
    billing_details: {
      address: billing?.address ?? {
        city: null,
        country: null,
        line1: null,
        line2: null,
        postal_code: null,
        state: null,
      },
      email: billing?.email ?? null,
      name: billing?.name ?? null,
      phone: billing?.phone ?? null,
      tax_id: null,
    },
    created: work.now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
  }
}

/** Tells two cards apart without telling their numbers. */
function fingerprint(work: Work, secret: string): string {
  return createHash('sha256')
    .update(`${work.sandbox.settings.seed}:${secret}`)
    .digest('base64url')
    .replace(/[-_]/g, 'x')
    .slice(0, 16)
}
