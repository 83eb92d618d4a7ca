import type { JournalLine, JournalTransaction } from '#exports/journal.ts'
import { showId } from '#kernel/ids.ts'
import { reportingCategories } from '#ledger/kinds.ts'
import { decimalOf } from './decimal.ts'
import { objectOf } from './transaction-names.ts'
import { type TransactionLines, wholeTransactions } from './whole-transactions.ts'

/**
 * What changed the balance at the provider (1110 and 1120) in one currency: a balance transaction, in Stripe's words.
 * Minor units, money in positive; `fee` is a cost and the net amount is gross − fee.
 */
export interface BalanceItem {
  readonly transaction: JournalTransaction
  readonly currency: string
  readonly category: string
  readonly gross: bigint
  fee: bigint
  /** Of the provider, else our own transaction's id. */
  id: string
  /** Day on which the money can be paid out, as far as is known. */
  readonly availableOn: string
}

/** Charges that wait for their fee, at most; a fee that comes later is an item of its own. */
const waitingMax = 10_000

/**
 * Items by seq, some at a time. A charge and its fee are two ledger transactions and one item: the fee that names the
 * charge (or its balance transaction, or its payment) among the last `waitingMax` items is put to it.
 */
export async function* readItems(
  lines: AsyncIterable<readonly JournalLine[]>,
): AsyncGenerator<readonly BalanceItem[], void> {
  const waiting: BalanceItem[] = []
  const charges = new Map<string, BalanceItem>()
  for await (const transactions of wholeTransactions(lines)) {
    for (const item of transactions.flatMap(itemsOf)) {
      if (item.category === 'fee' && putToCharge(charges, item)) continue
      waiting.push(item)
      if (item.category === 'charge') for (const name of namesOf(item)) charges.set(name, item)
    }
    if (waiting.length < 2 * waitingMax) continue
    const done = waiting.splice(0, waiting.length - waitingMax)
    for (const item of done) {
      for (const name of namesOf(item)) if (charges.get(name) === item) charges.delete(name)
    }
    yield done
  }
  yield waiting
}

export const netOf = ({ gross, fee }: BalanceItem): bigint => gross - fee

export const isPayout = ({ category }: BalanceItem): boolean => category === 'payout' || category === 'payout_reversal'

/** Accounts whose money the provider holds for us, pending and available. */
export const balanceCodes: ReadonlySet<string> = new Set(['1110', '1120'])
/** Of processing, disputes and payouts, and the tax on them. */
const feeCodes: ReadonlySet<string> = new Set(['1230', '5010', '5020', '5030'])

const categories: Readonly<Record<string, string | null>> = reportingCategories

/** Money that only becomes available leaves the balance as it was, and is no item. */
const itemsOf = (lines: TransactionLines): BalanceItem[] => {
  const [first] = lines
  if (!first) return []
  const { transaction } = first
  const category = categories[transaction.kind] ?? 'other_adjustment'
  return [...new Set(lines.map(({ account }) => account.currency))].flatMap((currency) => {
    const net = sumOf(lines, currency, balanceCodes)
    if (net === 0n) return []
    const fee = category === 'fee' ? 0n : sumOf(lines, currency, feeCodes)
    const id = transaction.refs.balance_transaction ?? showId('ledgerTransaction', transaction.id)
    const availableOn = transaction.valueOn ?? transaction.effectiveOn
    return [{ transaction, currency, category, gross: net + fee, fee, id, availableOn }]
  })
}

const sumOf = (lines: TransactionLines, currency: string, codes: ReadonlySet<string>): bigint =>
  lines.reduce(
    (sum, { account, amount }) => (account.currency === currency && codes.has(account.code) ? sum + amount : sum),
    0n,
  )

const namesOf = ({ transaction, currency }: BalanceItem): string[] =>
  [transaction.refs.balance_transaction, objectOf(transaction), transaction.paymentIntentId]
    .filter((name) => name !== null && name !== undefined)
    .map((name) => `${currency} ${name}`)

const putToCharge = (charges: ReadonlyMap<string, BalanceItem>, fee: BalanceItem): boolean => {
  const name = namesOf(fee).find((one) => charges.get(one)?.fee === 0n)
  const charge = name === undefined ? undefined : charges.get(name)
  if (!charge) return false
  charge.fee = -fee.gross
  const { balance_transaction: id } = fee.transaction.refs
  if (id !== undefined) charge.id = id
  return true
}

/** 2026-11-30T12:00:00.000000Z → 2026-11-30 12:00:00, as Stripe writes it; the time zone of a report is UTC. */
const momentOf = (moment: string | null): string => moment?.slice(0, 19).replace('T', ' ') ?? ''

const customerFacing: ReadonlySet<string> = new Set(['charge', 'refund', 'dispute'])

/** Cells by the name of their column; what is not known is not there. `payout` is the one that paid the item out. */
export const cellsOf = (item: BalanceItem, payout?: BalanceItem): Readonly<Record<string, string>> => {
  const { transaction, currency, category, gross } = item
  const created = momentOf(transaction.effectiveAt)
  const available = momentOf(transaction.valueAt)
  const object = objectOf(transaction)
  return {
    ...amountsOf(item),
    balance_transaction_id: item.id,
    created_utc: created,
    created,
    available_on_utc: available,
    available_on: available,
    reporting_category: category,
    source_id: object,
    description: transaction.description,
    ...(customerFacing.has(category) && {
      customer_facing_amount: decimalOf(gross, currency),
      customer_facing_currency: currency,
    }),
    ...(payout && {
      automatic_payout_id: payoutIdOf(payout),
      automatic_payout_effective_at_utc: momentOf(payout.transaction.effectiveAt),
      automatic_payout_effective_at: momentOf(payout.transaction.effectiveAt),
    }),
    customer_id: transaction.refs.customer ?? '',
    ...(category === 'charge' && { charge_id: object, charge_created_utc: created, charge_created: created }),
    payment_intent_id: transaction.paymentIntentId === null ? '' : showId('paymentIntent', transaction.paymentIntentId),
    order_id: transaction.refs.order ?? '',
  }
}

export const payoutIdOf = ({ transaction }: BalanceItem): string => transaction.refs.payout ?? objectOf(transaction)

/** A payout as Stripe reports it: what went to the bank is positive. `end` is what became of it, where that is known. */
export const payoutCellsOf = (item: BalanceItem, end?: JournalTransaction): Readonly<Record<string, string>> => {
  const { transaction } = item
  const effective = momentOf(transaction.effectiveAt)
  const hasFailed = item.category === 'payout_reversal' || end?.kind === 'payout_failure'
  const reversed = hasFailed ? momentOf((end ?? transaction).effectiveAt) : ''
  return {
    ...amountsOf({ ...item, gross: -item.gross, fee: -item.fee }),
    payout_id: payoutIdOf(item),
    effective_at_utc: effective,
    effective_at: effective,
    reporting_category: item.category,
    balance_transaction_id: item.id,
    description: transaction.description,
    payout_expected_arrival_date: transaction.valueOn ?? '',
    payout_status: hasFailed ? 'failed' : end?.kind === 'payout_paid' ? 'paid' : 'in_transit',
    payout_reversed_at_utc: reversed,
    payout_reversed_at: reversed,
  }
}

const amountsOf = (item: Pick<BalanceItem, 'currency' | 'gross' | 'fee'>): Readonly<Record<string, string>> => ({
  currency: item.currency,
  gross: decimalOf(item.gross, item.currency),
  fee: decimalOf(item.fee, item.currency),
  net: decimalOf(item.gross - item.fee, item.currency),
})
