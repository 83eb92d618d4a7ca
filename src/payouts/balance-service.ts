import type { Clock } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import { readBalances } from '#ledger/balance-repo.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { type Funds, showBalance } from './balance-view.ts'

/** What a merchant has at its providers, in every currency, from the books. */
export const readFunds = async (tx: Tx, merchantId: string): Promise<Funds[]> => {
  const rows = await readBalances(tx, merchantId, {}, { types: ['asset'] })
  return rows.map(({ code, currency, debit, credit }) => ({ code, currency, amount: debit - credit }))
}

/** Tells that money became available, and when the available balance has fallen below zero, in the transaction that did it. */
export const tellBalance = async (
  tx: Tx,
  { clock }: { clock: Clock },
  news: { merchantId: string; livemode: boolean; entries: number; gained: ReadonlyMap<string, bigint> },
): Promise<void> => {
  const { merchantId, livemode } = news
  const funds = await readFunds(tx, merchantId)
  const types = [
    ...(news.entries > 0 ? ['balance.available'] : []),
    ...(hasFallenBelowZero(funds, news.gained) ? ['balance.negative'] : []),
  ]
  await appendEvents(
    tx,
    types.map((type) => ({
      merchantId,
      type,
      objectId: newUuid(),
      threadId: null,
      paymentIntentId: null,
      object: showBalance(funds, livemode),
      livemode,
      createdAt: clock.now(),
    })),
  )
}

/** `funds` are as they are after 1120 gained this much. */
const hasFallenBelowZero = (funds: readonly Funds[], gained: ReadonlyMap<string, bigint>): boolean =>
  [...gained].some(([currency, gain]) => {
    const after = funds.find((one) => one.code === '1120' && one.currency === currency)?.amount ?? 0n
    return after < 0n && after - gain >= 0n
  })
