import type { ExportContext, ExportOptions } from '#exports/format.ts'
import type { AccountBalance, JournalAccount, JournalLine, JournalTransaction } from '#exports/journal.ts'
import { type AccountCode, chartAccount } from '#ledger/chart.ts'

/** Debit positive, minor units; the base amount where the currency is not the base. */
type ModelLeg = readonly [code: AccountCode, currency: string, amount: bigint, base?: bigint, holder?: string]

export interface ModelEntry extends Partial<JournalTransaction> {
  readonly legs: readonly ModelLeg[]
}

/** Journal lines as the engine would hand them to a format, numbered from 1, without a database. */
export const journalOf = (entries: readonly ModelEntry[]): JournalLine[] => {
  const accounts = new Map<string, JournalAccount>()
  return entries.flatMap(({ legs, ...given }, index) => {
    const transaction = transactionOf(index + 1, given)
    return legs.map(([code, currency, amount, base = amount, holder = ''], at) => {
      const key = `${code} ${currency} ${holder}`
      const account = accounts.get(key) ?? { ...chartAccount(code), id: uuidOf(accounts.size + 1), currency, holder }
      accounts.set(key, account)
      const digits = { digits: String(amount), baseDigits: String(base) }
      return { transaction, line: at + 1, account, amount, baseAmount: base, ...digits }
    })
  })
}

/** The context of a whole export of these lines. */
export const contextOf = (
  lines: readonly JournalLine[],
  { options, ...given }: Partial<Omit<ExportContext, 'options'>> & { options?: Partial<ExportOptions> } = {},
): ExportContext => {
  const days = lines.map(({ transaction }) => transaction.effectiveOn).sort()
  const [first] = days
  const last = days.at(-1)
  return {
    merchant: { id: uuidOf(0), name: 'Noodle "Bar" \\ 面馆' },
    baseCurrency: 'eur',
    fromSeq: 0n,
    asOfSeq: lines.at(-1)?.transaction.seq ?? 0n,
    headHash: 'ab'.repeat(32),
    from: null,
    to: null,
    days: first === undefined || last === undefined ? null : { first, last },
    mapped: ({ code, name }) => ({ code, name }),
    opening: [],
    closing: balancesOf(lines),
    ...given,
    options: {
      profile: 'machine',
      decimalSeparator: '.',
      withoutMemo: false,
      granularity: 'line',
      encoding: 'default',
      parameters: {},
      ...options,
    },
  }
}

export const balancesOf = (lines: readonly JournalLine[]): AccountBalance[] => {
  const sums = new Map<JournalAccount, AccountBalance>()
  for (const { account, amount, baseAmount } of lines) {
    const { debit, credit, base } = sums.get(account) ?? { debit: 0n, credit: 0n, base: 0n }
    sums.set(account, {
      account,
      debit: amount > 0n ? debit + amount : debit,
      credit: amount < 0n ? credit - amount : credit,
      base: base + baseAmount,
    })
  }
  return [...sums.values()]
}

export async function* chunksOf(lines: readonly JournalLine[], size = 3): AsyncGenerator<readonly JournalLine[]> {
  for (let at = 0; at < lines.length; at += size) yield lines.slice(at, at + size)
}

const uuidOf = (number: number): string => `01939b00-0000-7000-8000-${String(number).padStart(12, '0')}`

const transactionOf = (number: number, given: Partial<JournalTransaction>): JournalTransaction => {
  const effectiveOn = given.effectiveOn ?? '2026-11-02'
  const description = given.description ?? `Event ${number}`
  return {
    seq: BigInt(number),
    id: uuidOf(1000 + number),
    eventKey: `ch_${number}:capture`,
    kind: 'capture',
    description,
    descriptionAsWritten: description,
    effectiveOn,
    originalEffectiveOn: null,
    effectiveAt: `${effectiveOn}T12:00:00.000000Z`,
    originalEffectiveAt: null,
    postedAt: `${effectiveOn}T12:00:01.000000Z`,
    valueOn: null,
    valueAt: null,
    baseCurrency: 'eur',
    paymentIntentId: null,
    refundId: null,
    threadId: null,
    reversesId: null,
    refs: {},
    hash: 'cd'.repeat(32),
    ...given,
  }
}
