import { createHash } from 'node:crypto'
import type { Channels, Connection } from '#channels/channel.ts'
import type { InvoiceLink, OfferedCard } from '#channels/payments.ts'
import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { refuseConflicted } from '#payments/plan-service.ts'
import { isBeforeMoney } from '#payments/provider-news.ts'
import { inTransaction } from '#platform/database.ts'
import { lockOffered } from './hold-service.ts'
import { findNative, updateNative } from './repo.ts'
import { judgeAmount } from './rules.ts'

type LinkDeps = PaymentDeps & { channels: Channels }

/**
 * The platform's address at which this card is paid. A payer who taps twice, or two at once, get the same one; other
 * terms get another, and the platform's question before the charge refuses the old one. Throws `lock_timeout` when the
 * payment has changed meanwhile.
 */
export const openInvoiceLink = async (
  deps: LinkDeps,
  connection: Connection,
  card: OfferedCard,
): Promise<InvoiceLink> => {
  const { payload } = card.native
  const { merchantId, id: connectionId } = connection
  const terms = termsOf(card)
  const known = await inTransaction(deps.db, merchantId, (tx) =>
    findNative(tx, { merchantId, connectionId, reference: payload }),
  )
  if (known?.link_url && known.link_terms === terms) return { ok: true, url: known.link_url }
  const made = await deps.channels[connection.channel].payments?.invoiceLink?.(connection, card)
  if (!made) throw new Error(`${connection.channel} makes no links to pay`)
  if (!made.ok) return made
  return inTransaction(deps.db, merchantId, async (tx): Promise<InvoiceLink> => {
    const offered = parseId('paymentIntent', payload) && (await lockOffered(tx, deps, connection, { payload }))
    if (!offered) throw new Error('a link was made for a payment that is not there')
    const { intent, native } = offered
    refuseConflicted(intent)
    if (!isBeforeMoney(intent.status) || !judgeAmount(intent, card).ok)
      throw new AppError('lock_timeout', { retryAfter: 1 })
    // Another tap was faster: of two links that nobody has seen one is shown.
    if (native.link_url !== null && native.link_terms === terms) return { ok: true, url: native.link_url }
    await updateNative(tx, native, { link_url: made.url, link_terms: terms }, deps.clock.now())
    return made
  })
}

/** What the payer would read and be charged, in short. */
const termsOf = ({ title, sentence, amount, currency, image, native }: OfferedCard): string =>
  createHash('sha256')
    .update(JSON.stringify({ title, sentence, amount, currency, image: image?.url, native }, withAmounts))
    .digest('base64url')

const withAmounts = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value)
