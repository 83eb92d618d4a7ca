import { createHash } from 'node:crypto'
import type { ExportContext } from '#exports/format.ts'
import type { AccountBalance, JournalAccount, JournalLine, JournalTransaction } from '#exports/journal.ts'
import { newUuid } from '#kernel/ids.ts'
import { chartAccount } from '#ledger/chart.ts'
import type { LedgerItem } from '#ledger/repo.ts'

export type Booked = Pick<LedgerItem, 'posting'> & Partial<LedgerItem>

/** A journal as the export engine hands it to formats, made of postings without a database. */
export interface Journal {
  readonly lines: readonly JournalLine[]
  readonly context: ExportContext
  /** In small batches, so that formats meet transactions that are cut in two. */
  batches(size?: number): AsyncIterable<readonly JournalLine[]>
}

/** `skip`: so many transactions lie before the export and make its opening balances. */
export const journalOf = (
  items: readonly Booked[],
  { skip = 0, context = {} }: { skip?: number; context?: Partial<ExportContext> } = {},
): Journal => {
  const accounts = new Map<string, JournalAccount>()
  const all = items.flatMap((item, index) => linesOf(item, index + 1, accounts))
  const lines = all.filter(({ transaction }) => transaction.seq > BigInt(skip))
  const days = lines.map(({ transaction }) => transaction.effectiveOn).sort()
  const [first, last] = [days[0], days.at(-1)]
  return {
    lines,
    context: {
      merchant: { id: newUuid(), name: 'Noodle Bar' },
      baseCurrency: 'eur',
      fromSeq: BigInt(skip),
      asOfSeq: BigInt(items.length),
      headHash: all.at(-1)?.transaction.hash ?? '',
      from: null,
      to: null,
      days: first && last ? { first, last } : null,
      options: {
        profile: 'machine',
        decimalSeparator: '.',
        withoutMemo: false,
        granularity: 'line',
        encoding: 'default',
        parameters: {},
      },
      mapped: ({ code, name }) => ({ code, name }),
      opening: balancesOf(all.filter(({ transaction }) => transaction.seq <= BigInt(skip))),
      closing: balancesOf(all),
      ...context,
    },
    batches: async function* (size = 7) {
      for (let start = 0; start < lines.length; start += size) yield lines.slice(start, start + size)
    },
  }
}

/** Everything a format writes. */
export const bytesOf = async (chunks: AsyncIterable<string | Uint8Array>): Promise<Buffer> => {
  const parts: Buffer[] = []
  for await (const chunk of chunks) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

const linesOf = (item: Booked, seq: number, accounts: Map<string, JournalAccount>): JournalLine[] => {
  const { posting } = item
  const at = `${posting.effectiveAt.toISOString().slice(0, 23)}000Z`
  const transaction: JournalTransaction = {
    seq: BigInt(seq),
    id: item.id ?? newUuid(),
    eventKey: posting.eventKey,
    kind: posting.kind,
    description: posting.description,
    descriptionAsWritten: posting.description,
    effectiveOn: at.slice(0, 10),
    originalEffectiveOn: null,
    effectiveAt: at,
    originalEffectiveAt: null,
    postedAt: at,
    valueOn: posting.valueAt?.toISOString().slice(0, 10) ?? null,
    valueAt: posting.valueAt?.toISOString() ?? null,
    baseCurrency: 'eur',
    paymentIntentId: item.paymentIntentId ?? null,
    refundId: item.refundId ?? null,
    threadId: item.threadId ?? null,
    reversesId: posting.reverses ?? null,
    refs: { ...posting.refs },
    hash: createHash('sha256').update(`${seq}`).digest('hex'),
  }
  return posting.legs.map((leg, index) => {
    const holder = leg.holder ?? ''
    const key = `${leg.code} ${leg.currency} ${holder}`
    const account = accounts.get(key) ?? { id: newUuid(), ...chartAccount(leg.code), currency: leg.currency, holder }
    accounts.set(key, account)
    const { amount, baseAmount = 0n } = leg
    const digits = { digits: String(amount), baseDigits: String(baseAmount) }
    return { transaction, line: index + 1, account, amount, baseAmount, ...digits }
  })
}

const balancesOf = (lines: readonly JournalLine[]): AccountBalance[] => {
  const byAccount = new Map<string, AccountBalance>()
  for (const { account, amount } of lines) {
    const { debit = 0n, credit = 0n } = byAccount.get(account.id) ?? {}
    byAccount.set(account.id, {
      account,
      debit: amount > 0n ? debit + amount : debit,
      credit: amount < 0n ? credit - amount : credit,
      base: 0n,
    })
  }
  const keyOf = ({ account }: AccountBalance) => [account.code, account.currency, account.holder].join('\0')
  return [...byAccount.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}
