import type { PreCheckoutAnswer } from '#channels/channel.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import type { Outbound } from '#platform/outbound.ts'
import { signatureHeaders } from '#platform/outbound-signature.ts'
import type { VetoesTable } from '#platform/tables-chat.ts'
import type { PaymentDeps } from './apply-service.ts'
import { type IntentRow, showIntent } from './intent-view.ts'
import { intentLinks } from './link-service.ts'
import { readVetoAnswer } from './veto-answer.ts'

/** Who is asked before a charge, as `app.ts` puts them together. */
export interface VetoSources {
  /** The merchant's endpoint, if it has one. */
  find(merchantId: string): Promise<VetoEndpoint | undefined>
  /**
   * What a payment with `options.checkout` is part of, as clients read it, made ready to be charged. Throws what the
   * client should read when it may not be charged: something is missing, a discount code has been used up.
   */
  order(intent: IntentRow): Promise<object>
  outbound: Pick<Outbound, 'ask'>
}

export interface VetoEndpoint {
  readonly settings: { readonly url: string; readonly default: 'allow' | 'refuse' }
  readonly secrets: { readonly signing_secret: string }
}

/** Telegram waits ten seconds for everything that comes of its question; this is our part. */
const budgetMs = 3000

/** The same for those who answer a platform: every question is a new one, and a refusal is words for the payer. */
export const askVeto = async (deps: PaymentDeps, row: IntentRow): Promise<PreCheckoutAnswer> => {
  try {
    await requireAllowed(deps, row)
    return { ok: true }
  } catch (error) {
    if (error instanceof AppError && error.status < 500) return { ok: false, message: error.message }
    throw error
  }
}

/**
 * The last question before a charge, whatever the way: whether what is bought is complete, and whether the merchant's
 * endpoint agrees. Called between transactions. A request that may come again, named by its id, is not asked about twice once
 * it is decided. Throws `payment_vetoed` with the merchant's words. Without a checkout and an endpoint it costs one read.
 */
export const requireAllowed = async (deps: PaymentDeps, row: IntentRow, repeatable?: string): Promise<void> => {
  const { vetoes } = deps
  if (!vetoes) return
  const order = row.options.checkout === undefined ? null : await vetoes.order(row)
  const endpoint = await vetoes.find(row.merchant_id)
  if (!endpoint) return
  const earlier = repeatable === undefined ? undefined : await findVeto(deps, row, repeatable)
  const requestId = repeatable ?? newUuid()
  const veto =
    earlier ?? (await keepVeto(deps, row, await ask(deps, vetoes.outbound, endpoint, { row, requestId, order })))
  if (veto.is_allowed) return
  throw new AppError('payment_vetoed', {
    ...(veto.message === null ? {} : { message: veto.message }),
    extra: { payment_intent: showIntent(row, intentLinks(deps, row)) },
  })
}

interface Question {
  row: IntentRow
  requestId: string
  order: object | null
}

type Veto = VetoesTable

/** Signed like every notification, so that the merchant verifies it with the same code. */
const ask = async (
  deps: PaymentDeps,
  outbound: VetoSources['outbound'],
  { settings, secrets }: VetoEndpoint,
  { row, requestId, order }: Question,
): Promise<Veto> => {
  const at = deps.clock.now()
  const id = newUuid()
  const body = JSON.stringify({
    id: showId('veto', id),
    object: 'veto',
    created: unixSeconds(at),
    livemode: row.livemode,
    payment_intent: showIntent(row, intentLinks(deps, row)),
    checkout: order,
  })
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'Parley',
    ...signatureHeaders(secrets.signing_secret, { id: showId('veto', id), body, at }),
  }
  const startedAt = performance.now()
  const reply = await outbound.ask({ url: settings.url, headers, body }, budgetMs)
  const said = reply.ok && reply.status >= 200 && reply.status < 300 ? readVetoAnswer(reply.body) : undefined
  const known = { merchant_id: row.merchant_id, id, payment_intent_id: row.id, request_id: requestId, created_at: at }
  const duration_ms = Math.round(performance.now() - startedAt) // exact: a duration, not money
  if (said?.approved) return { ...known, answer: 'approved', is_allowed: true, message: null, duration_ms }
  if (said) return { ...known, answer: 'refused', is_allowed: false, message: said.message, duration_ms }
  const answer = !reply.ok && reply.isLate ? 'timed_out' : 'failed'
  return { ...known, answer, is_allowed: settings.default === 'allow', message: null, duration_ms }
}

const findVeto = (deps: PaymentDeps, row: IntentRow, requestId: string): Promise<Veto | undefined> =>
  inTransaction(deps.db, row.merchant_id, (tx) =>
    tx
      .selectFrom('vetoes')
      .selectAll()
      .where('merchant_id', '=', row.merchant_id)
      .where('payment_intent_id', '=', row.id)
      .where('request_id', '=', requestId)
      .executeTakeFirst(),
  )

/** Of two that asked for one request at once the first answer holds. */
const keepVeto = async (deps: PaymentDeps, row: IntentRow, veto: Veto): Promise<Veto> => {
  const { numInsertedOrUpdatedRows } = await inTransaction(deps.db, row.merchant_id, (tx) =>
    tx
      .insertInto('vetoes')
      .values(veto)
      .onConflict((conflict) => conflict.columns(['merchant_id', 'payment_intent_id', 'request_id']).doNothing())
      .executeTakeFirstOrThrow(),
  )
  if (numInsertedOrUpdatedRows === 1n) return veto
  return (await findVeto(deps, row, veto.request_id)) ?? veto
}
