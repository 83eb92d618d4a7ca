import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { ProviderNotice } from '#providers/notice.ts'
import type { PaymentProvider } from '#providers/provider.ts'
import { eventSubjects } from './event-subjects.ts'
import { mapTags, refOf } from './mapping.ts'

type Verify = PaymentProvider['verifyWebhook']
type Subject = ProviderNotice['subject']

const bodyBytesMax = 1024 * 1024
const toleranceSeconds = 300

/**
 * Checks Stripe's signature over the raw bytes. Not by the SDK, which decodes the body first (a byte order mark or
 * broken UTF-8 would slip through), accepts any time in the future, and has a switch that turns the age check off.
 * During a rotation several secrets are valid.
 */
export const createWebhookVerifier = (secrets: readonly string[], connectedAccount?: string): Verify => {
  if (secrets.length === 0 || secrets.some((secret) => secret === '' || /\s/.test(secret))) {
    throw new TypeError('Stripe needs at least one webhook secret, none of them empty or with white space in it')
  }
  return ({ body, headers, now }) => {
    if (body.byteLength > bodyBytesMax) return refuse('the body is larger than 1 MiB')
    const signature = parseHeader(headers['stripe-signature'])
    if (!signature) return refuse('the Stripe-Signature header is missing or malformed')
    if (!isSigned(body, signature, secrets)) return refuse('no signature fits the body and our secrets')
    const ageSeconds = now.getTime() / 1000 - Number(signature.timestamp)
    if (Math.abs(ageSeconds) > toleranceSeconds) return refuse('the signature is too old, or from the future')
    const json = parseJson(body)
    const [event, thin] = [eventSchema.safeParse(json), thinSchema.safeParse(json)]
    const notice = event.success ? toNotice(event.data) : thin.success ? fromThin(thin.data) : undefined
    return notice ? { ok: true, notice: addressed(notice, connectedAccount) } : refuse('the body is not an event')
  }
}

/** What comes in at a connected account's own endpoint is of interest only when it is that account's. */
const addressed = (notice: ProviderNotice, connectedAccount: string | undefined): ProviderNotice => {
  if (connectedAccount === undefined) return notice
  const { account, ...rest } = notice
  return account === connectedAccount ? rest : { ...rest, subject: { kind: 'ignored' }, tags: {} }
}

const refuse = (reason: string) => ({ ok: false as const, reason })

interface Signature {
  timestamp: string
  candidates: readonly Buffer[]
}

/** `t=…,v1=…[,v1=…][,v0=…]`: exactly one time; other schemes than v1 count for nothing. */
const parseHeader = (header: string | undefined): Signature | undefined => {
  const pairs = (header ?? '').split(',').map((item) => item.trim().split('='))
  const values = (name: string) => pairs.filter((pair) => pair.length === 2 && pair[0] === name).map((pair) => pair[1])
  const [timestamp, ...others] = values('t')
  if (timestamp === undefined || others.length > 0 || !/^\d{1,12}$/.test(timestamp)) return undefined
  // Lower case only, as Stripe writes it: a decoder of hex would forgive a changed bit.
  const candidates = values('v1').flatMap((hex) => (/^[0-9a-f]{64}$/.test(hex ?? '') ? [Buffer.from(hex ?? '')] : []))
  return candidates.length > 0 ? { timestamp, candidates } : undefined
}

const isSigned = (body: Uint8Array, { timestamp, candidates }: Signature, secrets: readonly string[]): boolean =>
  secrets
    .map((secret) => createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex'))
    // Every comparison is made, so that the time taken does not tell which secret was near.
    .map((expected) => candidates.filter((candidate) => timingSafeEqual(candidate, Buffer.from(expected))).length)
    .some((matches) => matches > 0)

const eventSchema = z.looseObject({
  id: z.string().min(1).max(255),
  object: z.literal('event'),
  type: z.string().min(1).max(255),
  created: z.int().min(0).max(253_402_300_799),
  livemode: z.boolean(),
  account: z.string().min(1).max(255).optional(),
  data: z.looseObject({ object: z.looseObject({}) }),
})

/** A thin event says only what it is about; `context` is the account. Source: docs.stripe.com/webhooks (event notifications). */
const thinSchema = z.looseObject({
  id: z.string().min(1).max(255),
  object: z.literal('v2.core.event'),
  type: z.string().min(1).max(255),
  created: z.iso.datetime({ offset: true }),
  livemode: z.boolean(),
  context: z.string().min(1).max(255).nullish(),
  related_object: z.looseObject({ id: z.string().min(1).max(255), type: z.string().min(1).max(255) }).nullish(),
})

/** Everything is fetched fresh anyway, so the id is enough. What it is about decides, whatever the type is called. */
const fromThin = (event: z.infer<typeof thinSchema>): ProviderNotice => {
  const { id, type: object } = event.related_object ?? { id: '', type: '' }
  const kind = thinSubjects.get(object)
  return {
    ref: event.id,
    type: event.type,
    createdAt: new Date(event.created),
    livemode: event.livemode,
    subject: (kind && subjects[kind]({ object, id })) ?? { kind: 'ignored' },
    tags: {},
    ...(event.context ? { account: event.context } : {}),
  }
}

const thinSubjects: ReadonlyMap<string, keyof typeof subjects> = new Map([
  ['payment_intent', 'payment'],
  ['charge', 'charge'],
  ['refund', 'refund'],
  ['checkout.session', 'page'],
  ['dispute', 'dispute'],
  ['payment_method', 'method'],
  ['payout', 'payout'],
])

const parseJson = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

const toNotice = (event: z.infer<typeof eventSchema>): ProviderNotice => ({
  ref: event.id,
  type: event.type,
  createdAt: new Date(event.created * 1000),
  livemode: event.livemode,
  subject: subjectOf(event.type, event.data.object),
  tags: mapTags(event.data.object.metadata),
  ...(event.account === undefined ? {} : { account: event.account }),
})

const subjectOf = (type: string, object: Record<string, unknown>): Subject => {
  const kind = Object.hasOwn(eventSubjects, type) ? eventSubjects[type as keyof typeof eventSubjects] : undefined
  return kind === undefined ? { kind: 'unknown' } : (subjects[kind](object) ?? { kind: 'unknown' })
}

type Read = (object: Record<string, unknown>) => Subject | undefined

/** What to fetch for an event; undefined when the object is not of the kind that the type promises. */
const subjects = {
  payment: (object) => named(object, 'payment_intent', (ref) => ({ kind: 'payment', ref })),
  charge: (object) => named(object, 'charge', (ref) => ({ kind: 'charge', ref, ...paymentOf(object) })),
  refund: (object) => named(object, 'refund', (ref) => ({ kind: 'refund', ref, ...paymentOf(object) })),
  page: (object) => named(object, 'checkout.session', (ref) => ({ kind: 'page', ref, ...paymentOf(object) })),
  dispute: (object) => named(object, 'dispute', (ref) => ({ kind: 'dispute', ref, ...paymentOf(object) })),
  setup: (object) => named(object, 'setup_intent', (ref) => ({ kind: 'setup', ref })),
  method: (object) => named(object, 'payment_method', (ref) => ({ kind: 'method', ref })),
  payout: (object) => named(object, 'payout', (ref) => ({ kind: 'payout', ref })),
  balance: (object) => (object.object === 'balance' ? { kind: 'balance' } : undefined),
  ignored: () => ({ kind: 'ignored' }),
} as const satisfies Record<(typeof eventSubjects)[keyof typeof eventSubjects], Read>

const named = (object: Record<string, unknown>, kind: string, make: (ref: string) => Subject): Subject | undefined => {
  const ref = object.object === kind ? refOf(object.id) : undefined
  return ref === undefined ? undefined : make(ref)
}

const paymentOf = (object: Record<string, unknown>): { paymentRef?: string } => {
  const paymentRef = refOf(object.payment_intent)
  return paymentRef === undefined ? {} : { paymentRef }
}
