import type { Clock } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import { readBalances } from '#ledger/balance-repo.ts'
import type { LedgerItem } from '#ledger/repo.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { type Funds, fallenBelowZero, fundsAfter, showBalance } from './balance-view.ts'

/** What a merchant has at its providers, in every currency, from the books. Not what the same transaction has booked. */
export const readFunds = async (tx: Tx, merchantId: string): Promise<Funds[]> => {
  const rows = await readBalances(tx, merchantId, {}, { types: ['asset'] })
  return rows.map(({ code, currency, debit, credit }) => ({ code, currency, amount: debit - credit }))
}

interface BalanceNews {
  readonly merchantId: string
  readonly livemode: boolean
  /** How many entries have become available. */
  readonly entries: number
  /** As it was when the transaction began, and what has been booked since. */
  readonly before: readonly Funds[]
  readonly items: readonly LedgerItem[]
}

/** Tells that money became available, and that the available balance fell below zero, in the transaction that did it. */
export const tellBalance = async (tx: Tx, { clock }: { clock: Clock }, news: BalanceNews): Promise<void> => {
  const { merchantId, livemode, before } = news
  const after = fundsAfter(
    before,
    news.items.map(({ posting }) => posting),
  )
  const types = [
    ...(news.entries > 0 ? ['balance.available'] : []),
    ...(fallenBelowZero(before, after) ? ['balance.negative'] : []),
  ]
  await appendEvents(
    tx,
    types.map((type) => ({
      merchantId,
      type,
      objectId: newUuid(),
      threadId: null,
      paymentIntentId: null,
      object: showBalance(after, livemode),
      livemode,
      createdAt: clock.now(),
    })),
  )
}
