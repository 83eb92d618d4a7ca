import type { Currency } from '#kernel/currencies.ts'
import type { Money } from '#kernel/money.ts'
import type { AccountCode } from './chart.ts'
import { type MoneyEvent, type Occurrence, type Posting, posting, postingOfLegs } from './posting.ts'

/**
 * Converted by the provider into the currency of settlement: the balance leaves in one currency and enters in the
 * other, each against 3900, so that every currency adds up by itself. Dr 3900 / Cr 1110 in `from`, Dr 1110 / Cr 3900
 * in `to`. What a refund takes is negative on both sides.
 */
export const postConverted = (
  event: Occurrence & { balanceRef: string; from: Money; to: Money },
): Posting | undefined => {
  const { balanceRef: ref, from, to } = event
  requireExchange(from, to)
  const description = `Converted ${ref}`
  return postingOfLegs(event, { ref, kind: 'fx_settle', description, refs: { balance_transaction: ref } }, [
    { code: '3900', ...from },
    { code: '1110', currency: from.currency, amount: -from.amount },
    { code: '1110', ...to },
    { code: '3900', currency: to.currency, amount: -to.amount },
  ])
}

/**
 * At the end of a period: an account's balance in a foreign currency, debit positive, becomes its value in another.
 * Both balances are signed alike; a sale of 100 dollars worth 93 euros is −10000 and −9300.
 */
export const postTranslated = (
  event: Occurrence & { translationRef: string; code: AccountCode; balance: Money; value: Money },
): Posting | undefined => {
  const { translationRef: ref, code, balance, value } = event
  requireExchange(balance, value)
  return postingOfLegs(event, { ref, kind: 'fx_translate', description: `Translated ${ref}` }, [
    { code, currency: balance.currency, amount: -balance.amount },
    { code: '3900', ...balance },
    { code: '3900', currency: value.currency, amount: -value.amount },
    { code, ...value },
  ])
}

/**
 * What currencies gained (`amount` > 0: Dr 3900 / Cr 5310) or lost (< 0: Dr 5310 / Cr 3900) between booking and
 * settlement. Not yet realised, at a period's end: 5320 in place of 5310.
 */
export const postExchangeDifference = (
  event: MoneyEvent & { differenceRef: string; amount: bigint; unrealised?: boolean },
): Posting | undefined => {
  const { differenceRef: ref, amount, unrealised = false } = event
  const subject = amount > 0n ? gain : loss
  return posting(event, { ...subject, ref, description: `${subject.description} ${ref}` }, [
    [unrealised ? '5320' : '5310', -amount],
    ['3900', amount],
  ])
}

const gain = { kind: 'fx_gain', description: 'Exchange gain' } as const
const loss = { kind: 'fx_loss', description: 'Exchange loss' } as const

const requireExchange = (from: Money, to: Money): void => {
  if (from.currency === to.currency) throw new RangeError(`an exchange of ${from.currency} into itself`)
  if (from.amount < 0n !== to.amount < 0n && from.amount !== 0n && to.amount !== 0n) {
    throw new RangeError(`an exchange of ${show(from)} for ${show(to)} has two directions`)
  }
}

const show = ({ amount, currency }: { amount: bigint; currency: Currency }): string => `${amount} ${currency}`
